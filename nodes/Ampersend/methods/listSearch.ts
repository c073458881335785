import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { toNodeError } from '../api/errors';
import { listAgentKeys, listAgents, take } from '../api/paginate';
import { routes } from '../api/routes';
import type { Client } from '../api/send';
import { openClient, send } from '../api/send';
import { readAuthentication } from '../descriptions/authentication';
import type { Address } from '../domain/address';
import { addressKey, parseLocator } from '../domain/address';

/** The user waits for a list, so it gives up sooner than an execution does. */
const RETRY = { attempts: 2, budgetMs: 10_000 };

interface Named {
	address: Address;
	name?: string | null;
}

/** The value is in lower case, so no checksum can reject it later. */
function toOption({ address, name }: Named): { name: string; value: string } {
	const short = `${address.slice(0, 6)}…${address.slice(-4)}`;
	return { name: name ? `${name} (${short})` : address, value: addressKey(address) };
}

function isFoundBy(filter: string | undefined): (named: Named) => boolean {
	const sought = (filter ?? '').trim().toLowerCase();
	return ({ address, name }) =>
		addressKey(address).includes(sought) || (name ?? '').toLowerCase().includes(sought);
}

function byName(one: { name: string }, other: { name: string }): number {
	return one.name.localeCompare(other.name);
}

/** @param list gives the options, in any order */
async function search(
	context: ILoadOptionsFunctions,
	list: (client: Client) => Promise<INodeListSearchResult['results']>,
): Promise<INodeListSearchResult> {
	try {
		const authentication = readAuthentication(
			context.getCurrentNodeParameter('authentication') ?? 'apiKey',
		);
		const client = await openClient(context, { authentication, retry: RETRY });
		return { results: (await list(client)).sort(byName) };
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}

async function searchAgents(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	return await search(this, async (client) => {
		const agents = await take(listAgents(client), Infinity);
		return agents.filter(isFoundBy(filter)).map(toOption);
	});
}

async function searchAgentKeys(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const agent = this.getCurrentNodeParameter('agent');
	return await search(this, async (client) => {
		const keys = await take(listAgentKeys(client, parseLocator('Agent', agent)), Infinity);
		return keys.filter(isFoundBy(filter)).map(toOption);
	});
}

async function searchHostedEndpoints(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const sought = filter.trim().toLowerCase();
	return await search(this, async (client) => {
		const { agent: address = '' } = client.connection;
		const endpoints = await send(client, routes.listHostedEndpoints, { path: { address } });
		return endpoints
			.filter(({ id, name }) => `${name} ${id}`.toLowerCase().includes(sought))
			.map(({ id, name }) => ({ name, value: id }));
	});
}

async function searchListings(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const query = filter.trim() === '' ? {} : { search: filter.trim() };
	return await search(this, async (client) => {
		const found = await send(client, routes.searchMarketplace, { path: {}, query });
		return found.map(({ id, name }) => ({ name, value: id }));
	});
}

export const listSearch = { searchAgents, searchAgentKeys, searchHostedEndpoints, searchListings };
