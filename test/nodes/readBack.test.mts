/** Writes whose answers don't show the change, and names of fields that a service may have. */
import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Contract } from '../emulator/index.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();

const locator = (value: string) => ({ __rl: true, mode: 'address', value });

const RENAME = 'PATCH /agents/{address}';
const ADD_KEY = 'POST /agents/{address}/keys';
const CREATE = 'POST /agents';
const SET_LIMITS = 'PUT /agents/{address}/spend-config';
const SET_AUTO_COLLECT = 'PUT /agents/{address}/auto-collect-config';

const target = randomAddress();
const newKey = randomAddress();

interface Write {
	route: string;
	parameters: INodeParameters;
	/** What the output has. */
	wanted: INodeParameters;
	/** What the hint names where the service shows another value. */
	names: string;
	/** What an answer that isn't about the change looks like. */
	shown: Record<string, unknown>;
}

const writes: Write[] = [
	{
		route: RENAME,
		parameters: { resource: 'agent', operation: 'update', name: 'Renamed' },
		wanted: { name: 'Renamed' },
		names: 'New Name',
		shown: { name: 'Other' },
	},
	{
		route: SET_LIMITS,
		parameters: {
			resource: 'spendingLimit',
			operation: 'update',
			updateFields: { dailyLimit: '9.5' },
		},
		wanted: { dailyLimitUsdc: '9.5', monthlyLimitUsdc: '100' },
		names: 'Daily Limit (USDC)',
		shown: { daily_limit: '1' },
	},
	{
		route: SET_AUTO_COLLECT,
		parameters: {
			resource: 'autoCollect',
			operation: 'update',
			updateFields: { threshold: '7' },
		},
		wanted: { thresholdUsdc: '7', targetAddress: target },
		names: 'Threshold (USDC)',
		shown: { threshold: '1' },
	},
	{
		route: ADD_KEY,
		parameters: {
			resource: 'agentKey',
			operation: 'add',
			agentKeyAddress: newKey,
			additionalFields: { keyName: 'Second' },
		},
		wanted: { address: newKey, name: 'Second', added: true },
		names: 'Key Name',
		shown: { name: 'Other' },
	},
];

/** With settings of each kind. */
function addAgent(): string {
	return service.emulator.addAgent({
		spendConfig: {
			daily_limit: '1000000',
			monthly_limit: '100000000',
			per_transaction_limit: null,
		},
		autoCollect: { enabled: true, target_address: target, threshold: '1000000' },
	}).address;
}

async function runWith(contract: Contract, { parameters }: Write, agent = addAgent()) {
	service.emulator.setContract(contract);
	return await service.run({ ...parameters, agent: locator(agent), simplify: false });
}

const callsTo = (route: string) => service.emulator.calls.filter((call) => call.route === route);

describe.each(writes)('$route', (write) => {
	it.each(['nothing', 'ok'] as const)('is read back after an answer with %s', async (kind) => {
		const { items, error, hints } = await runWith({ writeAnswers: { [write.route]: kind } }, write);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: write.wanted }]);
		expect(hints).toEqual([]);
		expect(callsTo(write.route)).toHaveLength(1);
	});

	it('is read back after an answer about something else', async () => {
		const { items, error } = await runWith(
			{
				instead: {
					[write.route]: { status: 200, body: { address: randomAddress() }, when: 'after' },
				},
			},
			write,
		);

		// The agent's own address is its own.
		if (write.route === RENAME) expect(error?.message).toContain('belongs to another agent');
		else expect(items).toMatchObject([{ json: write.wanted }]);
	});

	it('says that the change was accepted if it then is not there', async () => {
		service.emulator.fault({ route: write.route, status: 200, body: { ok: true } });
		const { error, items } = await runWith({}, write);

		expect(items).toEqual([]);
		expect(error?.message).toMatch(/^Ampersend was asked to .*, and the change is not there\.$/);
		expect(error?.description).toMatch(/^The change was accepted\. (Look|Read) /);
		expect(callsTo(write.route)).toHaveLength(1);
	});

	it('says which value the service shows instead of the one that was sent', async () => {
		const { items, hints } = await runWith({ values: { [write.route]: write.shown } }, write);

		expect(items).toHaveLength(1);
		expect(hints.map(({ message }) => message)).toEqual([
			expect.stringMatching(/^Ampersend was asked to .*, and shows another value for /),
		]);
		expect(hints[0]?.message).toContain(`another value for ${write.names} than was sent`);
	});

	it('says that the change was accepted if it can not be read back', async () => {
		const reads: Record<string, string> = {
			[RENAME]: 'GET /agents',
			[ADD_KEY]: 'GET /agents/{address}/keys',
			[SET_LIMITS]: 'GET /agents/{address}/spend-config',
			[SET_AUTO_COLLECT]: 'GET /agents/{address}/auto-collect-config',
		};
		service.emulator.fault({ route: write.route, when: 'after', status: 200, body: { ok: true } });
		const read = reads[write.route] ?? '';
		const isReadFirst = write.route === SET_LIMITS || write.route === SET_AUTO_COLLECT;
		if (isReadFirst) service.emulator.fault({ route: read, delayMs: 0 });
		service.emulator.fault({ route: read, status: 403, body: { message: 'Forbidden' } });
		const { error } = await runWith({}, write);

		expect(error?.message).toContain("isn't allowed to");
		expect(error?.description).toMatch(/^The change was accepted\. /);
		expect(callsTo(write.route)).toHaveLength(1);
	});
});

describe('Names of fields', () => {
	const agentKeyAddress = randomAddress();
	const create = {
		resource: 'agent',
		operation: 'create',
		name: 'New',
		agentKeyAddress,
		ifAgentExists: 'create',
	};

	it.each([
		[ADD_KEY, { agent_key_address: 'session_key_address' }],
		[ADD_KEY, { agent_key_address: 'address' }],
		[ADD_KEY, { agent_key_address: 'session_key_address', key_name: 'name' }],
		[CREATE, { agent_key_address: 'session_key_address' }],
	])('%s is sent once more under %j', async (route, names) => {
		service.emulator.setContract({ requestNames: { [route]: names } });
		const agent = addAgent();
		const { items, error } = await service.run({
			...(route === CREATE ? create : writes[3]?.parameters),
			agent: locator(agent),
			simplify: false,
		});

		expect(error).toBeUndefined();
		expect(items).toHaveLength(1);
		expect(callsTo(route)).toHaveLength(2);
		const keys = service.emulator.agents().flatMap(({ keys }) => keys);
		expect(keys).toContainEqual(
			expect.objectContaining({ address: route === CREATE ? agentKeyAddress : newKey }),
		);
	});

	it('is not sent once more for a field that stands for nothing that was sent', async () => {
		service.emulator.setContract({
			requestNames: { [ADD_KEY]: { agent_key_address: 'public_key' } },
		});
		const { error } = await service.run({
			...writes[3]?.parameters,
			agent: locator(addAgent()),
		});

		expect(error?.message).toContain('public_key: is missing');
		expect(error?.description).toContain("It names a field that this node doesn't send.");
		expect(callsTo(ADD_KEY)).toHaveLength(1);
	});

	it('says what the second answer says', async () => {
		service.emulator.setContract({
			requestNames: { [ADD_KEY]: { agent_key_address: 'session_key_address' } },
		});
		const agent = service.emulator.addAgent({ keys: [newKey] });
		const { error } = await service.run({
			...writes[3]?.parameters,
			agent: locator(agent.address),
		});

		expect(error?.message).toBe('Agent Key Address: this agent already has this key.');
		expect(callsTo(ADD_KEY)).toHaveLength(2);
	});
});
