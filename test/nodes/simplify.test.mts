import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { outputSchemas } from '../../build/outputSchemas.mts';
import { resources } from '../../nodes/Ampersend/actions/registry';
import { randomAddress } from '../../tools/emulator/index.mts';
import { jsonOf, useAgentSession } from './agentSession.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const schemas = outputSchemas();

const long = resources.flatMap(({ option: resource, operations }) =>
	operations
		.filter((operation) => operation.simplified !== undefined && !('prepare' in operation))
		.map(({ option }) => [resource.value, option.value] as [string, string]),
);

/** One of everything that can be read. */
async function seed(): Promise<INodeParameters> {
	const { emulator } = service;
	emulator.pay({ agent: session.agent });
	const listing = emulator.addListing({ docs_url: null });
	const [endpoint] = jsonOf(
		await session.run({
			resource: 'hostedEndpoint',
			operation: 'create',
			name: 'Weather',
			proxyUrl: 'https://api.example.com/weather',
			price: '0.01',
		}),
	);
	return {
		hostedEndpoint: { __rl: true, mode: 'id', value: String(endpoint?.id) },
		listing: { __rl: true, mode: 'id', value: String(listing.id) },
	};
}

describe('a read of many fields', () => {
	it.each(long)('is simplified: %s, %s', async (resource, operation) => {
		const agent = { __rl: true, mode: 'address', value: session.agent.address };
		const parameters = { resource, operation, agent, ...(await seed()) };
		const by = resource === 'agent' ? service : session;
		const [simple = {}] = jsonOf(await by.run({ ...parameters, simplify: true }));
		const [whole = {}] = jsonOf(await by.run({ ...parameters, simplify: false }));
		const names = Object.keys(simple);
		const promised = schemas.get(`__schema__/v1.0.0/${resource}/${operation}.json`);
		expect(names.length).toBeLessThanOrEqual(10);
		const isMicro = (name: string) => name.endsWith('Micro');
		expect(names.filter(isMicro)).toEqual([]);
		// Whole items are long, or have each amount twice.
		const { length } = Object.keys(whole);
		expect(length > 10 || Object.keys(whole).some(isMicro)).toBe(true);
		expect(whole).toMatchObject(simple);
		expect(Object.keys(whole).length).toBeGreaterThan(names.length);
		expect(Object.keys(promised?.properties ?? {}).filter((name) => names.includes(name))).toEqual(
			names,
		);
	});

	it.each<[string, string, INodeParameters]>([
		['agent', 'create', { ifAgentExists: 'create', name: 'New', agentKeyAddress: randomAddress() }],
		['agent', 'update', { name: 'Renamed' }],
		['spendingLimit', 'update', { updateFields: { dailyLimit: '7' } }],
		[
			'autoCollect',
			'update',
			{ updateFields: { enabled: true, threshold: '5', targetAddress: randomAddress() } },
		],
	])('is what a write returns, too: %s, %s', async (resource, operation, parameters) => {
		const agent = { __rl: true, mode: 'address', value: session.agent.address };
		const write = { resource, operation, agent, ...parameters };
		const [simple = {}] = jsonOf(await service.run({ ...write, simplify: true }));
		const [whole = {}] = jsonOf(await service.run({ ...write, simplify: false }));
		const isMicro = (name: string) => name.endsWith('Micro');
		expect(Object.keys(simple).filter(isMicro)).toEqual([]);
		expect(Object.keys(whole).filter(isMicro)).not.toEqual([]);
		expect(Object.keys(whole)).toEqual(expect.arrayContaining(Object.keys(simple)));
	});

	it('keeps a limit that is null, which means no limit', async () => {
		const limits = { resource: 'spendingLimit', operation: 'get', simplify: true };
		expect(jsonOf(await session.run(limits))).toMatchObject([
			{ dailyLimitUsdc: '5', monthlyLimitUsdc: null },
		]);
	});

	it('is simplified by default', async () => {
		service.emulator.pay({ agent: session.agent });
		const read = { resource: 'transaction', operation: 'getMany' };
		const [simple] = jsonOf(await session.run({ ...read, simplify: true }));
		const byDefault = await session.run({ ...read, simplify: undefined });
		expect(jsonOf(byDefault)).toEqual([simple]);
	});
});

describe('as a tool', () => {
	const use = async (parameters: INodeParameters) => {
		service.emulator.pay({ agent: session.agent });
		const read = { resource: 'transaction', operation: 'getMany', ...parameters };
		return await service.run(read, { isTool: true });
	};

	it('gives a model simplified items by default', async () => {
		const [item = {}] = jsonOf(await use({}));
		expect(Object.keys(item)).toContain('amountUsdc');
		expect(item).not.toHaveProperty('amountUsdcMicro');
	});

	it('gives it every field of raw ones', async () => {
		expect(jsonOf(await use({ output: 'raw' }))[0]).toHaveProperty('amountUsdcMicro');
	});

	it.each([
		['a list', ['amountUsdc', 'status']],
		['text, as a model writes it', '={{ "amountUsdc, status" }}'],
	])('gives it the fields that %s names, and the ID', async (_, outputFields) => {
		const [item = {}] = jsonOf(await use({ output: 'selectedFields', outputFields }));
		expect(Object.keys(item)).toEqual(['amountUsdc', 'status', 'id']);
	});

	it.each([
		['no field', [], 'Output Fields: none is selected.'],
		['a field that does not exist', ['price'], 'Output Fields: "price" is not an option.'],
	])('refuses %s, and sends nothing', async (_, outputFields, message) => {
		const { error } = await use({ output: 'selectedFields', outputFields });
		expect(error?.message).toContain(message);
		expect(service.emulator.calls).toEqual([]);
	});

	it('tells a model what to do next in the message, because it gets nothing else', async () => {
		const agent = { __rl: true, mode: 'address', value: '={{ "Buyer" }}' };
		const { error } = await use({ agentScope: 'one', agent });
		expect(error?.message).toBe(
			'Agent: "Buyer" is not an address. ' +
				'An address is 0x followed by 40 hexadecimal digits. Copy the whole address again.',
		);
	});

	it('tells it what to do after a rejected call, too', async () => {
		service.emulator.revokeApiKey(service.emulator.apiKey);
		const { error } = await use({});
		expect(error?.message).toMatch(/rejected the API key .*\. The key is revoked or mistyped\. /);
	});
});
