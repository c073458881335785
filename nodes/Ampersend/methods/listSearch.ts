import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { toNodeError } from '../api/errors';
import { listAgentKeys, listAgents, take } from '../api/paginate';
import type { Client } from '../api/send';
import { openClient } from '../api/send';
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

async function search(
	context: ILoadOptionsFunctions,
	list: (client: Client) => AsyncIterable<Named>,
	filter?: string,
): Promise<INodeListSearchResult> {
	try {
		const client = await openClient(context, { retry: RETRY });
		const found = await take(list(client), Infinity);
		return { results: found.filter(isFoundBy(filter)).map(toOption).sort(byName) };
	} catch (error) {
		throw toNodeError(context.getNode(), error);
	}
}

async function searchAgents(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	return await search(this, listAgents, filter);
}

async function searchAgentKeys(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const agent = this.getCurrentNodeParameter('agent');
	const list = (client: Client) => listAgentKeys(client, parseLocator('Agent', agent));
	return await search(this, list, filter);
}

export const listSearch = { searchAgents, searchAgentKeys };
