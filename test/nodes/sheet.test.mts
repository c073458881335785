/** Cells of a sheet as parameters: TRUE and FALSE are switches, an empty cell is not set. */
import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { jsonOf, useAgentSession } from './agentSession.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const cell = (parameters: INodeParameters) =>
	Object.fromEntries(
		Object.entries(parameters).map(([name, value]) => [name, `={{ ${JSON.stringify(value)} }}`]),
	);
const run = async (parameters: INodeParameters, cells: INodeParameters) =>
	jsonOf(await service.run({ ...parameters, ...cell(cells) }));
const byAddress = (value: string) => ({ mode: 'address', value });

describe('TRUE and FALSE of a sheet', () => {
	it('switch Return All and Simplify', async () => {
		for (let i = 0; i < 60; i++) service.emulator.addAgent();
		const list = { resource: 'agent', operation: 'getMany', limit: 5 };
		expect(await run(list, { returnAll: 'TRUE', simplify: 'FALSE' })).toHaveLength(61);
		const [agent, ...others] = await run(list, { returnAll: 'FALSE', simplify: 'TRUE' });
		expect(others).toHaveLength(4);
		expect(agent).not.toHaveProperty('userId');
	});

	it('switch auto-collect, auto top-up, a limit and an empty allowlist', async () => {
		const agent = byAddress(session.agent.address);
		const updateFields = (fields: INodeParameters) => ({ updateFields: cell(fields) });
		expect(
			await run(
				{
					resource: 'autoCollect',
					operation: 'update',
					agent,
					...updateFields({ enabled: 'FALSE', noMinimumRemaining: 'TRUE' }),
				},
				{},
			),
		).toMatchObject([{ enabled: false, minimumRemainingUsdc: null }]);
		expect(
			await run(
				{
					resource: 'spendingLimit',
					operation: 'update',
					agent,
					...updateFields({ autoTopUp: 'TRUE', noDailyLimit: 'TRUE' }),
				},
				{},
			),
		).toMatchObject([{ autoTopUp: true, dailyLimitUsdc: null }]);
		expect(
			await run(
				{ resource: 'allowlist', operation: 'update', agent, mode: 'replace', sellers: '' },
				{ allowEmpty: 'TRUE' },
			),
		).toMatchObject([{ asRequested: true }]);
	});
});

describe('An empty cell for a choice', () => {
	it('is the default of Agents, Direction, Order and Authentication', async () => {
		service.emulator.pay({ agent: session.agent });
		const options = cell({ order: '' });
		const filters = cell({ direction: '' });
		expect(
			await run(
				{
					resource: 'transaction',
					operation: 'getMany',
					// n8n wants it, because an expression could select it.
					agent: byAddress(session.agent.address),
					options,
					filters,
				},
				{ agentScope: '', authentication: '', output: '' },
			),
		).toHaveLength(1);
	});

	it('is Stop for an agent that exists', async () => {
		const name = 'the same';
		service.emulator.addAgent({ name });
		const { error } = await service.run({
			resource: 'agent',
			operation: 'create',
			name,
			agentKeyAddress: session.agent.address,
			...cell({ ifAgentExists: '' }),
		});
		expect(error?.message).toContain('an agent named "the same" already exists');
	});

	it('is Add for an allowlist', async () => {
		const seller = service.emulator.addAgent().address;
		const [allowlist] = await run(
			{
				resource: 'allowlist',
				operation: 'update',
				agent: byAddress(session.agent.address),
				sellers: seller,
			},
			{ mode: '' },
		);
		expect(allowlist?.sellers).toHaveLength(2);
	});

	it('is Agent for a funding link', async () => {
		const outcome = await session.run({
			resource: 'fundingLink',
			operation: 'get',
			...cell({ destination: '' }),
		});
		expect(jsonOf(outcome)).toHaveLength(1);
		expect(service.emulator.calls.at(-1)?.query).toMatchObject({ destination: 'agent' });
	});
});

describe('A cell that is missing', () => {
	it.each([
		['byteOrderMark', 'Byte Order Mark'],
		['columns', 'Columns'],
		['decimalSeparator', 'Decimal Separator'],
		['delimiter', 'Delimiter'],
		['fileName', 'File Name'],
		['layout', 'Layout'],
		['order', 'Order'],
	])('stops an export if it is for %s', async (option, displayName) => {
		const { error } = await service.run({
			resource: 'transaction',
			operation: 'export',
			agent: byAddress(session.agent.address),
			options: { [option]: '={{ $json.missing }}' },
		});
		expect(error?.message).toBe(`${displayName}: the expression gives no value.`);
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('A key in a field that others see', () => {
	const key = { name: `={{ "0x" + "ab".repeat(32) }}` };
	const agentKeyAddress = `0x${'12'.repeat(20)}`;
	it.each<[string, INodeParameters]>([
		['Name', { resource: 'agent', operation: 'create', agentKeyAddress, ...key }],
		['Name', { resource: 'agent', operation: 'requestApproval', agentKeyAddress, ...key }],
		['New Name', { resource: 'agent', operation: 'update', ...key }],
		[
			'Key Name',
			{
				resource: 'agentKey',
				operation: 'add',
				agentKeyAddress,
				additionalFields: { keyName: key.name },
			},
		],
	])('is not sent: %s of %j', async (displayName, parameters) => {
		const { error } = await service.run({
			agent: byAddress(session.agent.address),
			...parameters,
		});
		expect(error?.message).toBe(
			`${displayName}: contains something that looks like a key, so it is not sent.`,
		);
		expect(service.emulator.calls).toEqual([]);
	});
});
