import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Client } from '../api/client';
import { openClient } from '../api/client';
import { CredentialError } from '../api/connection/deployments';
import { toNodeError } from '../api/errors';
import { agentKeysAfter, agentsAfter, listAgentKeys, listAgents } from '../api/lists/accountLists';
import type { ListPart } from '../api/lists/offsetPages';
import { take } from '../api/lists/take';
import { findListings } from '../api/marketplace';
import { routes } from '../api/routes';
import { listSellers } from '../api/sellers';
import { send } from '../api/send';
import { agentScope } from '../descriptions/agentScope';
import { readAuthentication } from '../descriptions/authentication';
import { agentLocator } from '../descriptions/locators';
import type { Read } from '../descriptions/reader';
import { readerOf } from '../descriptions/reader';
import type { Address } from '../domain/address';
import { addressKey, parseLocator, shortAddress } from '../domain/address';
import { authentications } from '../domain/authentication';
import { accountUrl } from '../domain/explorer';
import { formatUsdc, isMicro } from '../domain/money';
import { ParameterError, valueOf } from '../domain/parameter';
import { shortLine } from '../domain/text';

/** The user waits for a list, so it gives up sooner than an execution does. */
const RETRY = { attempts: 2, budgetMs: 10_000 };

/** No list takes longer, however many rows the service reports. */
const MAX_MS = 30_000;

type Options = INodeListSearchResult['results'];

interface Named {
	address: Address;
	name?: string | null;
}

/** An address that stands alone has as many digits as the editor has room for beside details. */
const DIGITS = 10;

/** The editor has no room for more. */
const MAX_NAME_CHARACTERS = 200;
const MAX_ID_CHARACTERS = 60;

type Option = Options[number];

/** The value is in lower case, so no checksum can reject it later. @param details shown too */
function optionOf({ connection }: Client, { address, name }: Named, ...details: string[]): Option {
	const { chains } = connection.deployment;
	const [chain, ...others] = chains;
	const shown = name?.trim() ? [shortAddress(address), ...details] : details;
	const title = shortLine(name ?? '', MAX_NAME_CHARACTERS) || shortAddress(address, DIGITS);
	const label = shown.length > 0 ? `${title} (${shown.join(', ')})` : address;
	const value = addressKey(address);
	// With several chains, it isn't known which explorer has the address.
	const url = chain && others.length === 0 ? accountUrl(chain.id, value) : undefined;
	return { name: label, value, ...(url !== undefined && { url }) };
}

/** The workflow keeps the name, so the balance, which changes, isn't part of it. */
function toAgentOption(client: Client, agent: Named & { balance: string }): Option {
	const { balance } = agent;
	const option = optionOf(client, agent);
	return isMicro(balance)
		? { ...option, description: `Balance: ${formatUsdc(BigInt(balance))} USDC` }
		: option;
}

/** By name. Those of one name, and those without one, show their ids. */
function idOptions(entries: Array<{ id: string; name: string }>): Options {
	const named = entries.map(({ id, name }) => ({
		id,
		title: shortLine(name, MAX_NAME_CHARACTERS),
	}));
	const isTwice = new Map<string, boolean>();
	for (const { title } of named) isTwice.set(title, isTwice.has(title));
	const options = named.map(({ id, title }) => {
		const shownId = shortLine(id, MAX_ID_CHARACTERS);
		const alone = title === '' ? shownId : title;
		return {
			name: isTwice.get(title) && title !== '' ? `${title} (${shownId})` : alone,
			value: id,
		};
	});
	return options.sort(byName);
}

function byName(one: { name: string }, other: { name: string }): number {
	return one.name.localeCompare(other.name);
}

function readerFor(context: ILoadOptionsFunctions): Read {
	return readerOf((name, fallback) => context.getCurrentNodeParameter(name) ?? fallback);
}

/** In a picker, n8n shows the message of an error, and not its description. */
function withAdvice(error: unknown): unknown {
	if (error instanceof CredentialError || error instanceof ParameterError) {
		error.message += ` ${error.description}`;
	}
	return error;
}

/** Opens a client, and explains why a list can't be loaded. */
export async function withClient<Result>(
	context: ILoadOptionsFunctions,
	list: (client: Client) => Promise<Result>,
): Promise<Result> {
	try {
		const authentication = readAuthentication(readerFor(context));
		const deadline = Date.now() + MAX_MS;
		return await list(await openClient(context, { authentication, retry: RETRY, deadline }));
	} catch (error) {
		throw toNodeError(context.getNode(), withAdvice(error));
	}
}

/** Every agent, by name. */
export async function allAgents(client: Client): Promise<Options> {
	const agents = await take(listAgents(client), Infinity);
	return agents.map((agent) => toAgentOption(client, agent)).sort(byName);
}

interface Search<Item extends Named> {
	filter: string | undefined;
	/** Of the part that the editor has; absent for the first one. */
	token: string | undefined;
	all: () => AsyncIterable<Item>;
	after: (token: string) => Promise<ListPart<Item>>;
	toOption: (item: Item) => Option;
}

/**
 * The next part of a list, or all that a filter finds: where nothing is shown yet, the editor
 * doesn't ask for more. A list of one part is sorted, a longer one has the service's order.
 */
async function searchNamed<Item extends Named>({
	filter = '',
	token,
	all,
	after,
	toOption,
}: Search<Item>): Promise<INodeListSearchResult> {
	const sought = filter.trim().toLowerCase();
	if (sought !== '') {
		const found = (await take(all(), Infinity)).filter(({ address, name }) =>
			[address, name ?? ''].some((text) => text.toLowerCase().includes(sought)),
		);
		return { results: found.map(toOption).sort(byName) };
	}
	const { items, next } = await after(token ?? '');
	// The service may repeat a row.
	const options = [
		...new Map(items.map(toOption).map((option) => [option.value, option])).values(),
	];
	const isWhole = token === undefined && next === undefined;
	return { results: isWhole ? options.sort(byName) : options, paginationToken: next };
}

async function searchAgents(
	this: ILoadOptionsFunctions,
	filter?: string,
	token?: string,
): Promise<INodeListSearchResult> {
	return await withClient(this, async (client) => {
		const all = () => listAgents(client);
		const after = async (from: string) => await agentsAfter(client, from);
		const toOption = (agent: Named & { balance: string }) => toAgentOption(client, agent);
		return await searchNamed({ filter, token, all, after, toOption });
	});
}

/** @throws ParameterError in place of a list that needs an agent */
function requireAgent(agent: unknown): void {
	const { displayName } = agentLocator;
	if (agent === '') {
		throw new ParameterError(displayName, 'none is chosen.', 'Choose an agent first.');
	}
	// The editor sends no value for an expression that it can't resolve.
	if (typeof agent !== 'object' && !String(agent).startsWith('=')) return;
	throw new ParameterError(
		displayName,
		'is an expression without a value here.',
		'Use By Address.',
	);
}

async function searchAgentKeys(
	this: ILoadOptionsFunctions,
	filter?: string,
	token?: string,
): Promise<INodeListSearchResult> {
	const agent = readerFor(this)(agentLocator, (_, value) => valueOf(value));
	return await withClient(this, async (client) => {
		requireAgent(agent);
		const address = parseLocator(agentLocator.displayName, agent);
		const all = () => listAgentKeys(client, address);
		const after = async (from: string) => await agentKeysAfter(client, address, from);
		return await searchNamed({
			filter,
			token,
			all,
			after,
			toOption: (key) => optionOf(client, key),
		});
	});
}

/** Sellers are those of one agent, newest first. */
async function searchSellers(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const read = readerFor(this);
	const isSession = authentications[readAuthentication(read)].isOneAgent;
	const isOne = read(agentScope, (_, value) => value === 'one');
	const agent = read(agentLocator, (_, value) => valueOf(value));
	return await withClient(this, async (client) => {
		if (!isSession && !isOne) {
			const complaint = 'only the sellers of one agent can be listed.';
			throw new ParameterError(
				agentScope.displayName,
				complaint,
				'Set Agents to One, or use By Address.',
			);
		}
		if (!isSession) requireAgent(agent);
		const address = client.connection.agent ?? parseLocator(agentLocator.displayName, agent);
		const sellers = await listSellers(client, address);
		const sought = addressKey(filter.trim());
		const found = sellers.filter((seller) => addressKey(seller.address).includes(sought));
		return {
			results: found.map((seller) =>
				optionOf(client, seller, ...(seller.isAllowed ? ['allowlist'] : [])),
			),
		};
	});
}

async function searchHostedEndpoints(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const sought = filter.trim().toLowerCase();
	return await withClient(this, async (client) => {
		const { agent: address = '' } = client.connection;
		const endpoints = await send(client, routes.listHostedEndpoints, { path: { address } });
		const found = endpoints.filter(
			({ id, name, deleted_at }) =>
				deleted_at === null && `${name} ${id}`.toLowerCase().includes(sought),
		);
		return { results: idOptions(found) };
	});
}

async function searchListings(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const query = filter.trim() === '' ? {} : { search: filter.trim() };
	return await withClient(this, async (client) => {
		return { results: idOptions(await findListings(client, query)) };
	});
}

export const listSearch = {
	searchAgents,
	searchAgentKeys,
	searchSellers,
	searchHostedEndpoints,
	searchListings,
};
