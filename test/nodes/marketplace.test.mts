import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { jsonOf, LOGIN, useAgentSession } from './agentSession.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const run = async (resource: string, operation: string, parameters: INodeParameters = {}) =>
	await session.run({ resource, operation, ...parameters });

const lastQuery = () => service.emulator.calls.at(-1)?.query;

describe.each([
	{
		credential: 'a session',
		runWith: session.run,
		searched: [...LOGIN, 'GET /agents/marketplace/agentic/discover'],
	},
	{
		credential: 'an API key',
		runWith: service.run.bind(service),
		searched: ['GET /agents/marketplace'],
	},
])('the marketplace with $credential', ({ runWith, searched }) => {
	const run = async (resource: string, operation: string, parameters: INodeParameters = {}) =>
		await runWith({ resource, operation, ...parameters });

	it('returns what an agent sells', async () => {
		const endpoints = [
			{ id: 'e1', url: 'https://api.example.com/x', network: 'base', methods: ['GET'] },
		];
		const listing = service.emulator.addListing({
			name: 'Weather',
			description: 'By city',
			tags: ['weather', 'maps'],
			docs_url: 'https://docs.example.com',
			ampersend_agent_address: session.agent.address,
			endpoints,
			skills: [{ name: 'forecast' }],
		});
		const expected = {
			id: listing.id,
			name: 'Weather',
			description: 'By city',
			source: 'catalog',
			category: 'data',
			tags: ['weather', 'maps'],
			enabled: true,
			url: null,
			docsUrl: 'https://docs.example.com',
			logoUrl: null,
			agentAddress: session.agent.address,
			endpoints,
			skills: [{ name: 'forecast' }],
			createdAt: new Date(listing.created_at).toISOString(),
			updatedAt: new Date(listing.updated_at).toISOString(),
		};
		expect(jsonOf(await run('marketplace', 'search'))).toEqual([expected]);
		expect(service.seen).toEqual(searched);
		service.emulator.clearCalls();
		const id = { mode: 'id', value: listing.id };
		expect(jsonOf(await run('marketplace', 'get', { listing: id }))).toEqual([expected]);
		expect(service.emulator.calls).toMatchObject([
			{ route: 'GET /agents/marketplace/{id}', auth: 'missing' },
		]);
	});

	it('is searched by text, and filtered', async () => {
		service.emulator.addListing({ name: 'Weather', source: 'bazaar', category: 'geo' });
		service.emulator.addListing({ name: 'Maps', description: 'and weather', category: 'geo' });
		service.emulator.addListing({ name: 'Chat' });
		const search = async (parameters: INodeParameters) =>
			jsonOf(await run('marketplace', 'search', parameters)).map(({ name }) => name);
		expect(await search({ search: ' WEATHER ' })).toEqual(['Weather', 'Maps']);
		expect(lastQuery()).toEqual({ search: 'WEATHER' });
		expect(await search({ search: 'weather', filters: { source: 'bazaar' } })).toEqual(['Weather']);
		expect(await search({ filters: { category: 'geo', network: '' } })).toEqual([
			'Weather',
			'Maps',
		]);
		expect(lastQuery()).toEqual({ category: 'geo' });
		expect(await search({ filters: { network: 'base' } })).toEqual([]);
		expect(await search({ limit: 1 })).toEqual(['Weather']);
		expect(await search({ returnAll: true })).toHaveLength(3);
	});

	it.each<[string, string, INodeParameters, string]>([
		['search', 'a list as the text', { search: '={{ [1] }}' }, 'Search: "[1]" is not text.'],
		['search', 'a limit of 0', { limit: 0 }, 'Limit: "0" is not'],
		[
			'search',
			'a text without a value',
			{ search: '={{ $json.wrong }}' },
			'Search: the expression gives no value.',
		],
		[
			'search',
			'a category without a value',
			{ filters: { category: '={{ $json.wrong }}' } },
			'Category: the expression gives no value.',
		],
		['get', 'no ID', { listing: { mode: 'id', value: ' ' } }, 'Listing: is empty.'],
		['get', 'a path', { listing: { mode: 'id', value: '..' } }, 'Listing: ".." isn\'t a valid ID.'],
	])('%s rejects %s', async (operation, _, parameters, message) => {
		const { error } = await run('marketplace', operation, parameters);
		expect(error?.message).toContain(message);
		expect(service.emulator.calls).toEqual([]);
	});

	it('says that there is no such listing', async () => {
		const { error } = await run('marketplace', 'get', { listing: { mode: 'id', value: 'x' } });
		expect(error?.message).toContain('Agent not found in the marketplace');
	});
});

it('the marketplace gets no API key', async () => {
	service.emulator.addListing();
	const { items } = await service.run({ resource: 'marketplace', operation: 'search' });
	expect(items).toHaveLength(1);
	expect(service.emulator.calls).toMatchObject([{ auth: 'missing', mount: '/api/v1' }]);
});

describe('the owner', () => {
	it('is the account and its wallet', async () => {
		const { userId } = session.agent;
		const [first] = jsonOf(await run('owner', 'get'));
		expect(first).toEqual({ userId, walletAddress: expect.stringMatching(/^0x[0-9a-fA-F]{40}$/) });
		expect(jsonOf(await run('owner', 'get'))).toEqual([first]);
	});
});

describe('a funding link', () => {
	const get = async (parameters: INodeParameters = {}) =>
		await run('fundingLink', 'get', parameters);

	it('is for the agent by default', async () => {
		const [link] = jsonOf(await get());
		expect(link).toEqual({ url: expect.stringContaining('https://dashboard.example.com/fund') });
		expect(lastQuery()).toEqual({ destination: 'agent' });
	});

	it.each([
		['25.50', '25.5'],
		['0.000001', '0.000001'],
		['007', '7'],
		[12, '12'],
	])('has the amount %s', async (amount, sent) => {
		jsonOf(await get({ amount, destination: 'main' }));
		expect(lastQuery()).toEqual({ amount: sent, destination: 'main' });
	});

	it.each<[INodeParameters, string]>([
		[{ amount: '0' }, 'Amount (USDC): is 0.'],
		[{ amount: '0.0000001' }, 'Amount (USDC): "0.0000001" has more than six decimals'],
		[{ amount: '1,5' }, 'Amount (USDC): "1,5" has a thousands separator or a decimal comma'],
		[{ destination: 'x' }, 'Destination: "x" is not an option.'],
	])('is not asked for with %j', async (parameters, message) => {
		const { error } = await get(parameters);
		expect(error?.message).toContain(message);
		expect(service.emulator.calls).toEqual([]);
	});
});
