/** What the editor asks hostile services for: lists to choose from, and tests of credentials. */
import { CredentialTestContext } from 'n8n-core';
import type { ILoadOptionsFunctions, INodeParameters, INodeListSearchResult } from 'n8n-workflow';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { listSearch } from '../../nodes/Ampersend/methods/listSearch';
import { loadOptions } from '../../nodes/Ampersend/methods/loadOptions';
import type { Emulator } from '../../tools/emulator/index.mts';
import { openEditor } from './editor.mts';
import { BUYER, type Ending, type Result, type Seen, type Subject } from './deviations.mts';
import { locator, secretsOf, sessionOf } from './deviatingOperations.mts';
import type { CredentialFields } from './n8nCore.mts';

type Search = (
	this: ILoadOptionsFunctions,
	filter?: string,
	token?: string,
) => Promise<INodeListSearchResult>;

/** What a user gets who scrolls to the end. */
async function scrolled(
	search: Search,
	context: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult['results']> {
	const all: INodeListSearchResult['results'] = [];
	for (let token: string | undefined; ; ) {
		const { results, paginationToken } = await search.call(context, filter, token);
		all.push(...results);
		token = paginationToken as string | undefined;
		if (token === undefined) return all;
	}
}

type List = (context: ILoadOptionsFunctions) => Promise<INodeListSearchResult['results']>;

async function loaded(list: List, parameters: INodeParameters, credential: CredentialFields) {
	try {
		const items = await list(openEditor(parameters, credential));
		return { items, isNoted: false, kept: items };
	} catch (thrown) {
		const error = thrown as NonNullable<Result['error']>;
		const { message, description } = error;
		return { items: [], error, isNoted: false, kept: { ...error, message, description } };
	}
}

const keyOf = ({ apiKey, baseUrl }: Emulator) => ({ apiKey, baseUrl });
const secretOf = ({ apiKey }: Emulator) => [apiKey.slice(8)];

function picker(name: string, list: List, parameters: INodeParameters = {}): Subject {
	return {
		name: `${name} with an API key`,
		async run(service) {
			const result = await loaded(list, parameters, keyOf(service));
			return { ...result, secrets: secretOf(service) };
		},
	};
}

/** @param last the route that is called last, if several are called at the same time */
function sessionPicker(name: string, list: List, last?: string): Subject {
	return {
		name: `${name} in a session`,
		async run(service, ending) {
			const credential = await sessionOf(service, ending && { after: last ?? ending.after });
			const result = await loaded(list, { authentication: 'agentSession' }, credential);
			return { ...result, secrets: secretsOf(service) };
		},
	};
}

const by =
	(search: Search, filter?: string): List =>
	async (context) =>
		await scrolled(search, context, filter);

const { searchAgents, searchAgentKeys, searchSellers, searchListings } = listSearch;
const agent = locator(BUYER, 'list');

/** Sellers come from the allowlist and from payments; one of them is enough. */
const tolerated = /GET \S*\/(?:authorized-sellers|activity) answers 404/;

export const pickers: Subject[] = [
	picker('agents', by(searchAgents)),
	picker('agents by name', by(searchAgents, 'plain')),
	picker('agents to select', async (context) => await loadOptions.getAgents.call(context)),
	picker('agent keys', by(searchAgentKeys), { agent }),
	{ ...picker('sellers', by(searchSellers), { agentScope: 'one', agent }), tolerated },
	picker('listings', by(searchListings)),
	{ ...sessionPicker('sellers', by(searchSellers), 'GET /agents/self/activity'), tolerated },
	sessionPicker('listings', by(searchListings)),
	sessionPicker('hosted endpoints', by(listSearch.searchHostedEndpoints)),
];

const { ampersendApiTest, ampersendAgentApiTest } = credentialTest;

async function tested(
	test: typeof ampersendApiTest,
	data: object,
): Promise<Omit<Result, 'secrets'>> {
	const credential = { id: '1', name: 'Ampersend', type: 'ampersendApi', data: { ...data } };
	const { status, message } = await test.call(new CredentialTestContext(), credential);
	const error = status === 'OK' ? undefined : { message, description: message };
	return { items: error ? [] : [{ status }], error, isNoted: false, kept: message };
}

/** What a message names that can be set. */
const SETTABLE =
	/Base URL|API key|Agent Key|Agent Address|Agent API credential|Update n8n-nodes-ampersend/;

function complaintOf({ error, answered }: Seen): string | undefined {
	if (error) return SETTABLE.test(error.message) ? undefined : 'nothing says what to set';
	const isOfAgent = answered.some((route) => /\/agents\/(?:\{address\}|self)/.test(route));
	return isOfAgent ? undefined : 'OK, and no route of an agent has answered';
}

export const credentialTests: Subject[] = [
	{
		name: 'test of an API key',
		complaintOf,
		run: async (service) => ({
			...(await tested(ampersendApiTest, keyOf(service))),
			secrets: secretOf(service),
		}),
	},
	{
		name: 'test of an agent key',
		complaintOf,
		run: async (service, ending?: Ending) => ({
			...(await tested(ampersendAgentApiTest, await sessionOf(service, ending))),
			secrets: secretsOf(service),
		}),
	},
];
