import { beforeEach, describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { routes, type Route } from '../../nodes/Ampersend/api/routes';
import { randomAddress, type Agent, type FaultAction } from '../../tools/emulator/index.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();

let asked: Agent;
let other: Agent;

beforeEach(() => {
	const settings = {
		spendConfig: { daily_limit: '5000000' },
		autoCollect: { enabled: true, threshold: '7', target_address: randomAddress() },
	};
	asked = service.emulator.addAgent({ name: 'asked', ...settings });
	other = service.emulator.addAgent({ name: 'other', ...settings });
	for (const agent of [asked, other]) {
		service.emulator.pay({ agent, amountMicro: agent === asked ? 1n : 2n });
	}
});

const inBody = (field: string) => (value: unknown) => ({
	mutate: (body: unknown) => ({ ...(body as object), [field]: value }),
});
/** Changes only the last row, so checking the first isn't enough. */
const inLastRow = (list: string | undefined, field: string) => (value: unknown) => ({
	mutate: (body: unknown) => {
		const rows = (list === undefined ? body : Reflect.get(body as object, list)) as object[];
		const changed = [...rows, { ...rows.at(-1), id: 'second', [field]: value }];
		return list === undefined ? changed : { ...(body as object), [list]: changed };
	},
});

interface Case {
	parameters: () => INodeParameters;
	fault: (value: unknown) => FaultAction;
	place: string;
	/** If the answer is that of a write. */
	check?: string;
}

const one = () => ({ agent: { __rl: true as const, mode: 'address', value: asked.address } });
const some = () => ({ agentScope: 'selected', agents: [asked.address] });
const updateLimit = () => ({
	...one(),
	resource: 'spendingLimit',
	operation: 'update',
	updateFields: { dailyLimit: '1' },
});
const updateCollect = () => ({
	...one(),
	resource: 'autoCollect',
	operation: 'update',
	updateFields: { threshold: '1' },
});

const cases: Array<[string, Case]> = [
	[
		'GET /agents/{address}',
		{
			parameters: () => ({ ...one(), resource: 'agent', operation: 'get' }),
			fault: inBody('address'),
			place: 'address',
		},
	],
	[
		'PATCH /agents/{address}',
		{
			parameters: () => ({ ...one(), resource: 'agent', operation: 'update', name: 'new' }),
			fault: inBody('address'),
			place: 'address',
			check: routes.updateAgent.check,
		},
	],
	[
		'POST /agents/{address}/keys',
		{
			parameters: () => ({
				...one(),
				resource: 'agentKey',
				operation: 'add',
				agentKeyAddress: randomAddress(),
			}),
			fault: inBody('agentAddress'),
			place: 'agentAddress',
			check: routes.addAgentKey.check,
		},
	],
	[
		'GET /agents/{address}/keys',
		{
			parameters: () => ({ ...one(), resource: 'agentKey', operation: 'getMany' }),
			fault: inLastRow('items', 'agent_address'),
			place: 'items.1.agent_address',
		},
	],
	[
		'GET /agents/{address}/spend-config',
		{
			parameters: () => ({ ...one(), resource: 'spendingLimit', operation: 'get' }),
			fault: inBody('agent_address'),
			place: 'agent_address',
		},
	],
	[
		'GET /agents/{address}/spend-config',
		{ parameters: updateLimit, fault: inBody('agent_address'), place: 'agent_address' },
	],
	[
		'PUT /agents/{address}/spend-config',
		{
			parameters: updateLimit,
			fault: inBody('agent_address'),
			place: 'agent_address',
			check: routes.setSpendingLimit.check,
		},
	],
	[
		'GET /agents/{address}/auto-collect-config',
		{
			parameters: () => ({ ...one(), resource: 'autoCollect', operation: 'get' }),
			fault: inBody('agent_address'),
			place: 'agent_address',
		},
	],
	[
		'GET /agents/{address}/auto-collect-config',
		{ parameters: updateCollect, fault: inBody('agent_address'), place: 'agent_address' },
	],
	[
		'PUT /agents/{address}/auto-collect-config',
		{
			parameters: updateCollect,
			fault: inBody('agent_address'),
			place: 'agent_address',
			check: routes.setAutoCollect.check,
		},
	],
	[
		'GET /agents/{address}/activity',
		{
			parameters: () => ({ ...some(), resource: 'transaction', operation: 'getMany' }),
			fault: inLastRow('activity', 'agent_address'),
			place: 'activity.1.agent_address',
		},
	],
	[
		'GET /agents/{address}/activity',
		{
			parameters: () => ({ ...some(), resource: 'transaction', operation: 'export' }),
			fault: inLastRow('activity', 'agent_address'),
			place: 'activity.1.agent_address',
		},
	],
	[
		'GET /agents/{address}/payments',
		{
			parameters: () => ({ ...some(), resource: 'paymentEvent', operation: 'getMany' }),
			fault: inLastRow(undefined, 'agentAddress'),
			place: '1.agentAddress',
		},
	],
];

/** What each route is asked to do, in a message. */
const asks: Record<string, string> = {
	'GET /agents/{address}': 'read the agent',
	'PATCH /agents/{address}': 'rename the agent',
	'GET /agents/{address}/keys': 'list the agent keys',
	'POST /agents/{address}/keys': 'add the agent key',
	'GET /agents/{address}/spend-config': 'read the spending limits',
	'PUT /agents/{address}/spend-config': 'change the spending limits',
	'GET /agents/{address}/auto-collect-config': 'read the auto-collect settings',
	'PUT /agents/{address}/auto-collect-config': 'change the auto-collect settings',
	'GET /agents/{address}/activity': 'list the transactions',
	'GET /agents/{address}/payments': 'list the payment events',
};

describe.each(cases)('%s (%#)', (route, { parameters, fault, place, check }) => {
	it('is rejected if the answer is for another agent, and nothing is written', async () => {
		service.emulator.fault({ route, ...fault(other.address) });
		const { items, error } = await service.run(parameters());
		expect(items).toEqual([]);
		expect(error?.message).toBe(
			`Ampersend was asked to ${asks[route]}, and its answer belongs to another agent: ` +
				`${place} is ${other.address}.`,
		);
		const name = route.replace('{address}', asked.address);
		expect(error?.description).toContain(`The request was ${name}.`);
		if (check === undefined) {
			expect(error?.description).toMatch(/^(?:Nothing was changed\. )?The answer isn't used\./);
			expect(service.seen.filter((seen) => !seen?.startsWith('GET '))).toEqual([]);
		} else {
			expect(error?.description).toMatch(
				/^The change was accepted, but it is unclear for which one\./,
			);
			expect(error?.description).toContain(check);
		}
		expect(error).toMatchObject({ failure: { cause: 'node-defect' } });
		expect(service.seen.filter((seen) => seen === route)).toHaveLength(1);
	});

	it.each([
		['in upper case', () => `0x${asked.address.slice(2).toUpperCase()}`],
		['in lower case', () => asked.address.toLowerCase()],
	])('is accepted if the answer has the address %s', async (_, spelling) => {
		service.emulator.fault({ route, ...fault(spelling()) });
		const { items, error } = await service.run(parameters());
		expect(error).toBeUndefined();
		expect(items).not.toEqual([]);
	});
});

describe('A service that ignores the agent in a path', () => {
	it('is rejected, and no row is shown for the wrong agent', async () => {
		const { emulator } = service;
		let first: unknown;
		emulator.fault({
			route: 'GET /agents/{address}/activity',
			times: 2,
			mutate: (body) => (first ??= body),
		});
		const { items, error } = await service.run({ resource: 'transaction', operation: 'getMany' });
		expect(items).toEqual([]);
		expect(error?.message).toContain('belongs to another agent: activity.0.agent_address is');
	});

	it("makes the trigger emit no other agent's events, and lose none of its own", async () => {
		const { emulator } = service;
		const trigger = openTrigger(
			{ agentScope: 'selected', agents: [asked.address] },
			service.credential,
		);
		expect(await trigger.poll('trigger', 'activate')).toBeNull();
		const { id } = emulator.pay({ agent: asked });
		emulator.fault({
			route: 'GET /agents/{address}/activity',
			...inLastRow('activity', 'agent_address')(other.address),
		});
		await expect(trigger.poll()).rejects.toThrow('belongs to another agent');
		expect(await trigger.poll()).toMatchObject([{ activityId: id }]);
	});
});

describe('The routes table', () => {
	it('says where each answer contains its agent, except for those that have none', () => {
		const silent = Object.values<Route>(routes)
			.filter(({ path, answer }) => path.includes('{address}') && answer)
			.filter(({ agentAt }) => !agentAt?.length);
		expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([
			'GET /agents/{address}/authorized-sellers',
			'PUT /agents/{address}/authorized-sellers',
			'POST /agents/{address}/hosted-endpoints/{id}/test',
			'POST /agents/{address}/hosted-endpoints/{id}/rotate-secret',
			// What it signs has to be a transfer of the agent's (`payment.test.mts`).
			'POST /agents/{address}/payment/authorize',
			'POST /agents/{address}/payment/events',
		]);
	});
});
