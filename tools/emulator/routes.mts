import { addressId } from './addresses.mts';
import {
	decodeBody,
	decodeFunding,
	decodePreset,
	decodeQuery,
	decodeTexts,
	type Query,
	type WholeNumberRule,
} from './decode.mts';
import type { Approvals } from './approvals.mts';
import type { Authorizations } from './authorizations.mts';
import type { HostedEndpoint, HostedEndpoints } from './endpoints.mts';
import type { Marketplace } from './marketplace.mts';
import { conflict, notFound, NotSet, notYours } from './problems.mts';
import type { ServiceKey } from './serviceKey.mts';
import type { Sessions } from './sessions.mts';
import type { Wire } from './wire.mts';
import type { Entry, World } from './world.mts';

export interface Exchange {
	world: World;
	wire: Wire;
	sessions: Sessions;
	endpoints: HostedEndpoints;
	marketplace: Marketplace;
	approvals: Approvals;
	authorizations: Authorizations;
	serviceKey: ServiceKey;
	/** Of the service, with its port. */
	host: string;
	/** The user whose key was sent, or whose agent is logged in. */
	owner: string;
	/** The address of the agent that calls in its session, if one does. */
	self: string | undefined;
	params: Record<string, string>;
	query: Query;
	body: unknown;
}

export interface Answer {
	status: number;
	body?: unknown;
}

export type Access = 'user' | 'agent' | 'anyone';

export interface Route {
	method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	/** Relative to the base, parameters in braces. */
	path: string;
	/** Who can call it: a user with an API key by default, or an agent in its session. */
	access?: Access;
	handle(exchange: Exchange): Answer | Promise<Answer>;
}

const DAY_MS = 24 * 60 * 60_000;
const presetMs = { '1d': DAY_MS, '30d': 30 * DAY_MS, all: Infinity };

export const listPaging: Record<'limit' | 'offset', WholeNumberRule> = {
	limit: { fallback: 50, min: 1, max: 200 },
	offset: { fallback: 0, min: 0, max: Infinity },
};

export const activityPaging: Record<'limit' | 'page', WholeNumberRule> = {
	limit: { fallback: 20, min: 1, max: 200 },
	page: { fallback: 1, min: 1, max: Infinity },
};

const ok = (body: unknown): Answer => ({ status: 200, body });

/** The agent and the id in the path of a hosted endpoint. */
const placeOf = (exchange: Exchange): [agent: string, id: string] => [
	selfOf(exchange),
	exchange.params['id'] ?? '',
];

function listed<T>(
	items: T[],
	{ limit, offset }: { limit: number; offset: number },
	show: (item: T) => object,
): Answer {
	return ok({
		items: items.slice(offset, offset + limit).map(show),
		total: items.length,
		limit,
		offset,
	});
}

/** Looked up after the request is decoded: an invalid body is a 400 even without the agent. */
function entryOf({ world, owner, params }: Exchange): Entry {
	const entry = world.find(params['address'] ?? '');
	if (!entry) throw notFound('Agent not found');
	if (entry.agent.owner !== owner) throw notYours();
	return entry;
}

/** What is left of the limits, as an agent reads it with them. */
function remainingOf(exchange: Exchange): object {
	const { daily, monthly } = exchange.authorizations.leftOf(entryOf(exchange));
	return {
		daily_remaining_usdc_micro: daily === null ? null : String(daily),
		monthly_remaining_usdc_micro: monthly === null ? null : String(monthly),
	};
}

const since = ({ world, query }: Exchange): number => world.clock() - presetMs[decodePreset(query)];

function stamped<T extends object>(
	{ world }: Exchange,
	before: { created_at: number } | null,
	settings: T,
): T & { created_at: number; updated_at: number } {
	const now = world.clock();
	return { ...settings, created_at: before?.created_at ?? now, updated_at: now };
}

const userRoutes: readonly Route[] = [
	{
		method: 'GET',
		path: '/agents',
		handle({ world, wire, owner, query }) {
			return listed(world.agentsOf(owner), decodeQuery(query, listPaging), (agent) =>
				wire.agent(agent),
			);
		},
	},
	{
		method: 'POST',
		path: '/agents',
		handle({ world, wire, owner, body }) {
			const input = decodeBody('createAgent', body);
			const agent = world.addAgent({
				name: input.name,
				owner,
				keys: [input.agent_key_address],
				allowlist: input.authorized_sellers ?? [],
				spendConfig: input.spend_config,
			});
			return ok(wire.agent(agent));
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}',
		handle(exchange) {
			return ok(exchange.wire.agent(entryOf(exchange).agent));
		},
	},
	{
		method: 'PATCH',
		path: '/agents/{address}',
		handle(exchange) {
			const { name } = decodeBody('updateAgent', exchange.body);
			const { agent } = entryOf(exchange);
			agent.name = name;
			agent.updatedAt = exchange.world.clock();
			return ok(exchange.wire.agent(agent));
		},
	},
	{
		method: 'POST',
		path: '/agents/{address}/keys',
		handle(exchange) {
			const { agent_key_address: address, key_name: name = null } = decodeBody(
				'addKey',
				exchange.body,
			);
			const { agent } = entryOf(exchange);
			if (agent.keys.some((key) => addressId(key.address) === addressId(address))) {
				throw conflict('This agent has this key already');
			}
			const key = { address, name, createdAt: exchange.world.clock() };
			agent.keys.push(key);
			return ok(exchange.wire.key(key));
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}/keys',
		handle(exchange) {
			const paging = decodeQuery(exchange.query, listPaging);
			return listed(entryOf(exchange).agent.keys, paging, (key) => exchange.wire.key(key));
		},
	},
	{
		method: 'DELETE',
		path: '/agents/{address}/keys/{keyAddress}',
		handle(exchange) {
			const { agent } = entryOf(exchange);
			const wanted = addressId(exchange.params['keyAddress'] ?? '');
			const at = agent.keys.findIndex((key) => addressId(key.address) === wanted);
			if (at < 0) throw notFound('Agent key not found');
			agent.keys.splice(at, 1);
			return { status: 204 };
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}/authorized-sellers',
		handle(exchange) {
			return ok(entryOf(exchange).agent.allowlist);
		},
	},
	{
		method: 'PUT',
		path: '/agents/{address}/authorized-sellers',
		handle(exchange) {
			const { authorized_sellers: sellers } = decodeBody('allowlist', exchange.body);
			const { agent } = entryOf(exchange);
			agent.allowlist = sellers;
			return ok(sellers);
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}/spend-config',
		handle(exchange) {
			const { agent } = entryOf(exchange);
			if (!agent.spendConfig) throw new NotSet('No spend config is set for this agent');
			const config = exchange.wire.config(agent, agent.spendConfig);
			return ok(exchange.self !== undefined ? { ...config, ...remainingOf(exchange) } : config);
		},
	},
	{
		method: 'PUT',
		path: '/agents/{address}/spend-config',
		handle(exchange) {
			const input = decodeBody('spendConfig', exchange.body);
			const { agent } = entryOf(exchange);
			agent.spendConfig = stamped(exchange, agent.spendConfig, input);
			return ok(exchange.wire.config(agent, agent.spendConfig));
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}/auto-collect-config',
		handle(exchange) {
			const { agent } = entryOf(exchange);
			if (!agent.autoCollect) throw new NotSet('No auto-collect config is set for this agent');
			return ok(exchange.wire.config(agent, agent.autoCollect));
		},
	},
	{
		method: 'PUT',
		path: '/agents/{address}/auto-collect-config',
		handle(exchange) {
			const input = decodeBody('autoCollect', exchange.body);
			const { agent } = entryOf(exchange);
			agent.autoCollect = stamped(exchange, agent.autoCollect, input);
			return ok(exchange.wire.config(agent, agent.autoCollect));
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}/activity',
		handle(exchange) {
			const { limit, page } = decodeQuery(exchange.query, activityPaging);
			const from = since(exchange);
			const { history } = entryOf(exchange);
			const rows = history.newestFirst(from, (page - 1) * limit, limit);
			const totalCount = history.countSince(from);
			return ok({
				activity: Array.from(rows, (row) => exchange.wire.activity(row)),
				hasNextPage: page * limit < totalCount,
				totalCount,
			});
		},
	},
	{
		method: 'GET',
		path: '/agents/{address}/payments',
		handle(exchange) {
			const from = since(exchange);
			const payments: object[] = [];
			for (const row of entryOf(exchange).history.newestFirst(from)) {
				if (row.type === 'spend')
					payments.push(exchange.wire.payment(row, exchange.self !== undefined));
			}
			return ok(payments);
		},
	},
];

/** What an agent can read of itself: the same as its user. */
const ownRoutes = [
	'authorized-sellers',
	'spend-config',
	'auto-collect-config',
	'activity',
	'payments',
].map((name): Route => {
	const route = userRoutes.find(
		({ method, path }) => method === 'GET' && path === `/agents/{address}/${name}`,
	);
	if (!route) throw new Error(`There is no route for ${name}`);
	return { ...route, path: `/agents/self/${name}`, access: 'agent' };
});

/** The agent of the path, which must be the one that calls. @throws Problem 403 */
function selfOf({ params, self }: Exchange): string {
	const { address = '' } = params;
	if (self === undefined || addressId(self) !== addressId(address)) throw notYours();
	return self;
}

const slugOf = ({ world, self = '' }: Exchange): string | null => world.get(self).agent.slug;

const show = (exchange: Exchange, endpoint: HostedEndpoint): Answer =>
	ok(exchange.wire.endpoint(endpoint, slugOf(exchange)));

const endpointRoutes: readonly Route[] = (
	[
		{
			method: 'GET',
			path: '',
			handle(exchange) {
				const endpoints = exchange.endpoints.of(selfOf(exchange));
				return ok(endpoints.map((endpoint) => exchange.wire.endpoint(endpoint, slugOf(exchange))));
			},
		},
		{
			method: 'POST',
			path: '',
			handle(exchange) {
				const input = decodeBody('endpointInput', exchange.body);
				const [created] = exchange.endpoints.create(selfOf(exchange), [input]);
				return created ? show(exchange, created) : { status: 500 };
			},
		},
		{
			method: 'POST',
			path: '/bulk',
			handle(exchange) {
				const { endpoints } = decodeBody('endpointInputs', exchange.body);
				const created = exchange.endpoints.create(selfOf(exchange), endpoints);
				return ok(created.map((endpoint) => exchange.wire.endpoint(endpoint, slugOf(exchange))));
			},
		},
		{
			method: 'GET',
			path: '/{id}',
			handle: (exchange) => show(exchange, exchange.endpoints.get(...placeOf(exchange))),
		},
		{
			method: 'PATCH',
			path: '/{id}',
			handle(exchange) {
				const changes = decodeBody('endpointUpdate', exchange.body);
				return show(exchange, exchange.endpoints.update(...placeOf(exchange), changes));
			},
		},
		{
			method: 'DELETE',
			path: '/{id}',
			handle(exchange) {
				exchange.endpoints.delete(...placeOf(exchange));
				return { status: 204 };
			},
		},
		{
			method: 'POST',
			path: '/{id}/test',
			handle(exchange) {
				exchange.endpoints.get(...placeOf(exchange));
				return ok({ status: 200, latencyMs: 12.5 });
			},
		},
		{
			method: 'POST',
			path: '/{id}/rotate-secret',
			handle: (exchange) =>
				ok({ signingSecret: exchange.endpoints.rotateSecret(...placeOf(exchange)) }),
		},
		{
			method: 'POST',
			path: '/{id}/proxy-headers',
			handle(exchange) {
				const { name, value } = decodeBody('proxyHeader', exchange.body);
				const place = placeOf(exchange);
				return show(exchange, exchange.endpoints.setProxyHeader(...place, name, value));
			},
		},
		{
			method: 'DELETE',
			path: '/{id}/proxy-headers/{name}',
			handle(exchange) {
				const { name = '' } = exchange.params;
				const place = placeOf(exchange);
				return show(exchange, exchange.endpoints.setProxyHeader(...place, name, undefined));
			},
		},
		{
			method: 'POST',
			path: '/{id}/required-headers',
			handle(exchange) {
				const { name } = decodeBody('requiredHeader', exchange.body);
				const place = placeOf(exchange);
				return show(exchange, exchange.endpoints.setRequiredHeader(...place, name, true));
			},
		},
		{
			method: 'DELETE',
			path: '/{id}/required-headers/{name}',
			handle(exchange) {
				const { name = '' } = exchange.params;
				const place = placeOf(exchange);
				return show(exchange, exchange.endpoints.setRequiredHeader(...place, name, false));
			},
		},
	] satisfies Route[]
).map((route: Route) => ({
	...route,
	path: `/agents/{address}/hosted-endpoints${route.path}`,
	access: 'agent',
}));

const approvalRoutes: readonly Route[] = [
	{
		method: 'POST',
		path: '/approve-action/agent',
		access: 'anyone',
		handle({ approvals, host, body }) {
			const token = approvals.request(decodeBody('approval', body));
			return ok({
				token,
				status_url: `http://${host}/api/v1/approve-action/${token}/status`,
				user_approve_url: `https://dashboard.example.com/approve/${token}`,
			});
		},
	},
	{
		method: 'GET',
		path: '/approve-action/{token}/status',
		access: 'anyone',
		handle: ({ approvals, params }) => ok(approvals.status(params['token'] ?? '')),
	},
];

const searchListings = ({ marketplace, query }: Exchange): Answer =>
	ok(marketplace.find(decodeTexts(query, ['source', 'category', 'search', 'network'])));

const marketplaceRoutes: readonly Route[] = [
	{
		method: 'GET',
		path: '/agents/marketplace/agentic/discover',
		access: 'agent',
		handle: searchListings,
	},
	{
		method: 'GET',
		path: '/agents/marketplace',
		access: 'anyone',
		handle: searchListings,
	},
	{
		method: 'GET',
		path: '/agents/marketplace/{id}',
		access: 'anyone',
		handle: ({ marketplace, params }) => ok(marketplace.get(params['id'] ?? '')),
	},
];

export const routes: readonly Route[] = [
	...userRoutes,
	...ownRoutes,
	...endpointRoutes,
	...approvalRoutes,
	...marketplaceRoutes,
	{
		method: 'GET',
		path: '/agents/self/owner',
		access: 'agent',
		handle(exchange) {
			const { userId } = entryOf(exchange).agent;
			return ok({ user_id: userId, wallet_address: exchange.world.walletOf(exchange.owner) });
		},
	},
	{
		method: 'GET',
		path: '/agents/self/funding-link',
		access: 'agent',
		handle({ query, self }) {
			const { amount = '', destination = 'agent' } = decodeFunding(query);
			const parts = new URLSearchParams({ amount, destination, agent: self ?? '' });
			return ok({ url: `https://dashboard.example.com/fund?${parts}` });
		},
	},
	{
		method: 'GET',
		path: '/agents/self',
		access: 'agent',
		handle(exchange) {
			return ok(exchange.wire.agentSelf(entryOf(exchange).agent));
		},
	},
	{
		method: 'GET',
		path: '/agents/auth/nonce',
		access: 'anyone',
		handle({ sessions }) {
			return ok(sessions.requestNonce());
		},
	},
	{
		method: 'POST',
		path: '/agents/auth/login',
		access: 'anyone',
		async handle({ sessions, host, world, body }) {
			const keysOf = (agent: string) => world.find(agent)?.agent.keys.map(({ address }) => address);
			return ok(await sessions.logIn(decodeBody('logIn', body), host, keysOf));
		},
	},
	{
		method: 'POST',
		path: '/agents/{address}/auth/sign-siwx',
		access: 'agent',
		async handle(exchange) {
			selfOf(exchange);
			const { message } = decodeBody('challenge', exchange.body);
			return ok({ serverSignature: await exchange.serviceKey.signMessage(message) });
		},
	},
	{
		method: 'POST',
		path: '/agents/{address}/payment/authorize',
		access: 'agent',
		async handle(exchange) {
			const input = decodeBody('authorizePayment', exchange.body);
			const entry = exchange.world.get(selfOf(exchange));
			return ok(await exchange.authorizations.authorize(entry, input));
		},
	},
	{
		method: 'POST',
		path: '/agents/{address}/payment/events',
		access: 'agent',
		handle(exchange) {
			const input = decodeBody('reportPayment', exchange.body);
			return ok(exchange.authorizations.report(selfOf(exchange), input));
		},
	},
];

export const routeName = ({ method, path }: Pick<Route, 'method' | 'path'>): string =>
	`${method} ${path}`;
