import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Agent } from '../emulator/index.mts';
import type { RunOptions } from './n8n.mts';
import { useAmpersend } from './setup.mts';

const ampersend = useAmpersend();

const READ = 'GET /agents/{address}/auto-collect-config';
const WRITE = 'PUT /agents/{address}/auto-collect-config';
const LIST = 'GET /agents';

/** From EIP-55, whose letter case is right. */
const CHECKSUMMED = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

const locate = (agent: string) => ({ __rl: true as const, mode: 'address', value: agent });

function get({ address }: { address: string }, options?: Partial<RunOptions>) {
	return ampersend.run(
		{ resource: 'autoCollect', operation: 'get', agent: locate(address) },
		options,
	);
}

function update(
	{ address }: { address: string },
	updateFields: INodeParameters,
	options?: Partial<RunOptions>,
) {
	return ampersend.run(
		{ resource: 'autoCollect', operation: 'update', agent: locate(address), updateFields },
		options,
	);
}

const settings = {
	enabled: true,
	target_address: CHECKSUMMED,
	threshold: '100000000',
	minimum_remaining: '10500000',
};

/** An agent that has something in every setting. */
function collectedAgent(): Agent {
	return ampersend.emulator.addAgent({ name: 'seller', autoCollect: settings });
}

const bodies = () =>
	ampersend.emulator.calls.filter(({ method }) => method === 'PUT').map(({ body }) => body);

describe('Get', () => {
	it('gives the settings, amounts in both spellings, times in ISO 8601', async () => {
		const agent = collectedAgent();

		const { items, error, hints } = await get(agent);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const changedAt = new Date(agent.createdAt).toISOString();
		expect(items).toEqual([
			{
				json: {
					agentAddress: agent.address,
					configured: true,
					enabled: true,
					targetAddress: CHECKSUMMED,
					thresholdUsdc: '100',
					thresholdUsdcMicro: '100000000',
					minimumRemainingUsdc: '10.5',
					minimumRemainingUsdcMicro: '10500000',
					createdAt: changedAt,
					updatedAt: changedAt,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([READ]);
	});

	it('tells no minimum from a minimum of zero', async () => {
		const none = ampersend.emulator.addAgent({ autoCollect: { minimum_remaining: null } });
		const zero = ampersend.emulator.addAgent({ autoCollect: { minimum_remaining: '0' } });

		const [withNone, withZero] = [await get(none), await get(zero)];

		expect(withNone.items[0]?.json).toMatchObject({
			minimumRemainingUsdc: null,
			minimumRemainingUsdcMicro: null,
			targetAddress: null,
		});
		expect(withZero.items[0]?.json).toMatchObject({
			minimumRemainingUsdc: '0',
			minimumRemainingUsdcMicro: '0',
		});
	});

	it('keeps fields that the service adds', async () => {
		const agent = collectedAgent();
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), last_run: 'yesterday' }),
		});

		const { items } = await get(agent);

		expect(items[0]?.json).toMatchObject({ last_run: 'yesterday', enabled: true });
	});

	it('gives null for times that the service does not tell', async () => {
		const agent = collectedAgent();
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), created_at: undefined, updated_at: undefined }),
		});

		const { items } = await get(agent);

		expect(items).toMatchObject([{ json: { enabled: true, createdAt: null, updatedAt: null } }]);
	});

	it('says "not configured" where nothing was ever set, once the agent is known to exist', async () => {
		const agent = ampersend.emulator.addAgent();

		const { items, error } = await get(agent);

		expect(error).toBeUndefined();
		expect(items[0]?.json).toEqual({
			agentAddress: agent.address,
			configured: false,
			enabled: false,
			targetAddress: null,
			thresholdUsdc: null,
			thresholdUsdcMicro: null,
			minimumRemainingUsdc: null,
			minimumRemainingUsdcMicro: null,
			createdAt: null,
			updatedAt: null,
		});
		expect(ampersend.seen).toEqual([READ, LIST]);
	});

	it('does not take an unknown agent for one without settings', async () => {
		collectedAgent();
		const address = randomAddress();

		const { items, error } = await get({ address });

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			`Ampersend has nothing at GET /agents/${address}/auto-collect-config: Agent not found`,
		);
		expect(error?.description).toContain('Check the address first');
		expect(ampersend.seen).toEqual([READ, LIST]);
	});

	it('does not take a wrong path prefix for an agent without settings', async () => {
		const agent = collectedAgent();
		const baseUrl = `${ampersend.emulator.origin}/v9`;
		ampersend.emulator.expectUnknown(`/v9/agents/${agent.address}/auto-collect-config`, 'GET');
		ampersend.emulator.expectUnknown('/v9/agents', 'GET');

		const { items, error } = await get(agent, {
			credential: { ...ampersend.credential, baseUrl },
		});

		expect(items).toEqual([]);
		expect(error?.message).toContain('Ampersend has nothing at GET /agents:');
		expect(error?.description).toContain(`The Base URL in use is ${baseUrl}.`);
	});

	it('names the field and the route where the answer lacks the threshold', async () => {
		const agent = collectedAgent();
		ampersend.emulator.fault({
			route: READ,
			mutate: (body) => ({ ...(body as object), threshold: undefined }),
		});

		const { error } = await get(agent);

		expect(error?.message).toBe(
			`Ampersend's answer to GET /agents/${agent.address}/auto-collect-config has changed its form: threshold is missing.`,
		);
	});
});

describe('Update', () => {
	const target = randomAddress().toLowerCase();

	it.each([
		{ set: { enabled: false }, sent: { enabled: false } },
		{ set: { threshold: '12.5' }, sent: { threshold: '12500000' } },
		{ set: { threshold: '0' }, sent: { threshold: '0' } },
		{ set: { threshold: '={{ 7 }}' }, sent: { threshold: '7000000' } },
		{ set: { minimumRemaining: '0.000001' }, sent: { minimum_remaining: '1' } },
		{ set: { minimumRemaining: '={{ 0 }}' }, sent: { minimum_remaining: '0' } },
		{ set: { noMinimumRemaining: true }, sent: { minimum_remaining: null } },
		{ set: { targetAddress: target }, sent: { target_address: target } },
		{
			set: { enabled: false, threshold: '', minimumRemaining: '', targetAddress: '' },
			sent: { enabled: false },
		},
	])('with $set sends every setting, the others as they were', async ({ set, sent }) => {
		const agent = collectedAgent();

		const { items, error, hints } = await update(agent, set);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const expected = { ...settings, ...sent };
		expect(ampersend.seen).toEqual([READ, WRITE]);
		expect(bodies()).toEqual([expected]);
		expect(ampersend.emulator.agent(agent).autoCollect).toMatchObject(expected);
		expect(items).toHaveLength(1);
		expect(items[0]).toMatchObject({
			json: {
				agentAddress: agent.address,
				configured: true,
				enabled: expected.enabled,
				targetAddress: expected.target_address,
				thresholdUsdcMicro: expected.threshold,
				minimumRemainingUsdcMicro: expected.minimum_remaining,
			},
			pairedItem: { item: 0 },
		});
	});

	it('sets auto-collect up with a switch and a threshold alone', async () => {
		const agent = ampersend.emulator.addAgent();

		const { items, error } = await update(agent, { enabled: true, threshold: '50' });

		expect(error).toBeUndefined();
		expect(ampersend.seen).toEqual([READ, LIST, WRITE]);
		expect(bodies()).toEqual([
			{ enabled: true, threshold: '50000000', target_address: null, minimum_remaining: null },
		]);
		expect(items[0]?.json).toMatchObject({
			configured: true,
			thresholdUsdc: '50',
			targetAddress: null,
		});
	});

	it.each<[string, INodeParameters]>([
		['Threshold (USDC)', { enabled: true, minimumRemaining: '1' }],
		['Enabled', { threshold: '50' }],
	])('needs %s where nothing is set up yet, and writes nothing without it', async (name, set) => {
		const agent = ampersend.emulator.addAgent();

		const { items, error } = await update(agent, set);

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			`${name}: is required, because the service reports ` +
				'no auto-collect settings for this agent.',
		);
		expect(error?.description).toBe(`Add ${name} to Update Fields.`);
		expect(ampersend.seen).toEqual([READ, LIST]);
		expect(ampersend.emulator.agent(agent).autoCollect).toBeNull();
	});

	it('writes nothing to an agent that does not exist', async () => {
		const address = randomAddress();

		const { error } = await update({ address }, { enabled: true, threshold: '50' });

		expect(error?.message).toContain('Agent not found');
		expect(ampersend.seen).toEqual([READ, LIST]);
	});

	it('carries amounts beyond every floating-point number through unchanged', async () => {
		const kept = '123456789012345678901234567890';
		const agent = ampersend.emulator.addAgent({
			autoCollect: { enabled: true, threshold: '1', minimum_remaining: kept },
		});

		const { items } = await update(agent, { threshold: '98765432109876543210.123456' });

		expect(bodies()).toMatchObject([
			{ threshold: '98765432109876543210123456', minimum_remaining: kept },
		]);
		expect(items[0]?.json).toMatchObject({
			thresholdUsdc: '98765432109876543210.123456',
			minimumRemainingUsdc: '123456789012345678901234.56789',
		});
	});

	describe.each([
		['threshold', 'Threshold (USDC)'],
		['minimumRemaining', 'Minimum Remaining (USDC)'],
	])('%s', (field, name) => {
		it.each([
			['1.2345678', 'has more than six decimals'],
			['-1', 'has a sign'],
			['1e3', 'has an exponent'],
			['1,000', 'has a thousands separator'],
			['ten', 'is not an amount'],
			['={{ 1e21 }}', 'has an exponent'],
			['={{ 1e-7 }}', 'has an exponent'],
		])('refuses the amount %s by name, and sends nothing', async (amount, complaint) => {
			const agent = collectedAgent();

			const { items, error } = await update(agent, { enabled: false, [field]: amount });

			expect(items).toEqual([]);
			expect(error?.message.startsWith(`${name}: `)).toBe(true);
			expect(error?.message).toContain(complaint);
			expect(error?.description).toBeTruthy();
			expect(ampersend.seen).toEqual([]);
		});
	});

	it('refuses the zero address as target by name, and sends nothing', async () => {
		const agent = collectedAgent();
		const targetAddress = `0x${'0'.repeat(40)}`;

		const { error } = await update(agent, { targetAddress });

		expect(error?.message).toBe(
			`Target Address: "${targetAddress}" is the zero address, which belongs to nobody.`,
		);
		expect(ampersend.emulator.calls).toEqual([]);
	});

	it('refuses a minimum beside the switch that removes it', async () => {
		const agent = collectedAgent();

		const { error } = await update(agent, { minimumRemaining: '0', noMinimumRemaining: true });

		expect(error?.message).toBe(
			'Minimum Remaining (USDC): has an amount while No Minimum Remaining is on.',
		);
		expect(error?.description).toBe('Clear the amount, or turn off No Minimum Remaining.');
		expect(ampersend.seen).toEqual([]);
	});

	it.each<[string, INodeParameters]>([
		['no field', {}],
		['empty fields', { threshold: '', minimumRemaining: ' ', targetAddress: '' }],
		['a switch that is off', { noMinimumRemaining: false }],
	])('refuses an update that says nothing to change: %s', async (_, fields) => {
		const agent = collectedAgent();

		const { error } = await update(agent, fields);

		expect(error?.message).toBe('Update Fields: no fields to update.');
		expect(error?.description).toBe('Add a field with its new value.');
		expect(ampersend.seen).toEqual([]);
	});

	it('takes a target address in every spelling of its letter case that can be right', async () => {
		const agent = ampersend.emulator.addAgent({ autoCollect: {} });
		const spellings = [
			CHECKSUMMED,
			CHECKSUMMED.toLowerCase(),
			`0x${CHECKSUMMED.slice(2).toUpperCase()}`,
		];

		for (const targetAddress of spellings) {
			const { error, items } = await update(agent, { targetAddress });
			expect(error).toBeUndefined();
			expect(items[0]?.json.targetAddress).toBe(targetAddress);
			expect(ampersend.emulator.agent(agent).autoCollect?.target_address).toBe(targetAddress);
		}
	});

	it.each([
		['a letter in the wrong case', `0x5A${CHECKSUMMED.slice(4)}`, "doesn't match its checksum"],
		['a digit too few', CHECKSUMMED.slice(0, -1), 'is not an address'],
		['a name', 'treasury', 'is not an address'],
	])('refuses a target address with %s, and sends nothing', async (_, targetAddress, complaint) => {
		const agent = collectedAgent();

		const { error } = await update(agent, { targetAddress, enabled: true });

		expect(error?.message).toMatch(/^Target Address: /);
		expect(error?.message).toContain(complaint);
		expect(ampersend.seen).toEqual([]);
	});

	it('does not show what may be a private key, pasted as the target address', async () => {
		const agent = collectedAgent();
		const pasted = `0x${'ab'.repeat(32)}`;

		const { error } = await update(agent, { targetAddress: pasted });

		expect(error?.message).toMatch(/^Target Address: /);
		expect(`${error?.message} ${error?.description}`).not.toContain('abab');
		expect(ampersend.seen).toEqual([]);
	});

	it('gives each input item its own settings, and an item that fails its message', async () => {
		const agents = [collectedAgent(), ampersend.emulator.addAgent(), collectedAgent()];

		const { items, error } = await ampersend.run(
			{
				resource: 'autoCollect',
				operation: 'update',
				agent: locate('={{ $json.agent }}'),
				updateFields: { threshold: '={{ $json.threshold }}' },
			},
			{
				onError: 'continueRegularOutput',
				input: ['1', '2', '3'].map((threshold, i) => ({ agent: agents[i]?.address, threshold })),
			},
		);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([
			{ json: { agentAddress: agents[0]?.address, thresholdUsdc: '1' }, pairedItem: { item: 0 } },
			{
				json: {
					error:
						'Enabled: is required, because the service reports ' +
						'no auto-collect settings for this agent.',
				},
				pairedItem: { item: 1 },
			},
			{ json: { agentAddress: agents[2]?.address, thresholdUsdc: '3' }, pairedItem: { item: 2 } },
		]);
	});

	it('does not repeat a change whose answer was lost, and says how to look', async () => {
		const agent = collectedAgent();
		ampersend.emulator.fault({ route: WRITE, reset: true, when: 'after' });

		const { error } = await update(agent, { enabled: false });

		expect(ampersend.seen).toEqual([READ, WRITE]);
		expect(ampersend.emulator.agent(agent).autoCollect?.enabled).toBe(false);
		expect(error?.message).toContain(`PUT /agents/${agent.address}/auto-collect-config`);
		expect(error?.description).toContain('may have been made all the same');
		expect(error?.description).toContain('Auto-Collect: Get');
	});
});

describe('Update, where the trouble stays', () => {
	const stays = { times: Infinity, headers: { 'Retry-After': '0' } };

	it('reads four times in all, and writes nothing', async () => {
		const agent = collectedAgent();
		ampersend.emulator.fault({ route: READ, status: 500, ...stays });

		const { error } = await update(agent, { enabled: false });

		expect(error?.httpCode).toBe('500');
		expect(ampersend.seen).toEqual([READ, READ, READ, READ]);
	});

	it('looks four times in all whether the agent is there, where it has no settings', async () => {
		const agent = ampersend.emulator.addAgent();
		ampersend.emulator.fault({ route: LIST, status: 500, ...stays });

		const { error } = await update(agent, { enabled: false });

		expect(error?.httpCode).toBe('500');
		expect(ampersend.seen).toEqual(Array.from({ length: 4 }, () => [READ, LIST]).flat());
	});

	it('is turned away four times in all, with the settings read anew for each', async () => {
		const agent = collectedAgent();
		ampersend.emulator.fault({ route: WRITE, status: 429, ...stays });

		const { error } = await update(agent, { enabled: false });

		expect(error?.httpCode).toBe('429');
		expect(ampersend.seen).toEqual(Array.from({ length: 4 }, () => [READ, WRITE]).flat());
	});
});
