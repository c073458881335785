import { addressId } from './addresses.mts';
import {
	decodeBody,
	decodePreset,
	decodeQuery,
	type Query,
	type WholeNumberRule,
} from './decode.mts';
import type { History } from './history.mts';
import { conflict, notFound, notYours } from './problems.mts';
import type { Sessions } from './sessions.mts';
import type { Wire } from './wire.mts';
import type { Agent, World } from './world.mts';

export interface Exchange {
	world: World;
	wire: Wire;
	sessions: Sessions;
	/** Of the service, with its port. */
	host: string;
	/** The user whose key was sent, or whose agent is logged in. */
	owner: string;
	/** Whether an agent calls, in its session. */
	isSession: boolean;
	params: Record<string, string>;
	query: Query;
	body: unknown;
}

export interface Answer {
	status: number;
	body?: unknown;
}

export interface Route {
	method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	/** Relative to the base, parameters in braces. */
	path: string;
	/** Who can call it: a user with an API key by default, or an agent in its session. */
	access?: 'user' | 'agent' | 'anyone';
	handle(exchange: Exchange): Answer | Promise<Answer>;
}

const DAY_MS = 24 * 60 * 60_000;
const presetMs = { '1d': DAY_MS, '30d': 30 * DAY_MS, all: Infinity };

const listPaging: Record<'limit' | 'offset', WholeNumberRule> = {
	limit: { fallback: 50, min: 1, max: 200 },
	offset: { fallback: 0, min: 0, max: Infinity },
};

const activityPaging: Record<'limit' | 'page', WholeNumberRule> = {
	limit: { fallback: 20, min: 1, max: 200 },
	page: { fallback: 1, min: 1, max: Infinity },
};

const ok = (body: unknown): Answer => ({ status: 200, body });

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
function entryOf({ world, owner, params }: Exchange): { agent: Agent; history: History } {
	const entry = world.find(params['address'] ?? '');
	if (!entry) throw notFound('Agent not found');
	if (entry.agent.owner !== owner) throw notYours();
	return entry;
}

/** What is left of the limits, in UTC days and months. */
function remainingOf(exchange: Exchange): object {
	const { agent, history } = entryOf(exchange);
	const now = new Date(exchange.world.clock());
	const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
	const left = (limit: string | null | undefined, from: number): string | null => {
		if (limit === null || limit === undefined) return null;
		let rest = BigInt(limit);
		for (const row of history.newestFirst(from)) {
			if (row.type === 'spend' && row.status === 'settled') rest -= BigInt(row.amountMicro);
		}
		return String(rest > 0n ? rest : 0n);
	};
	return {
		daily_remaining_usdc_micro: left(agent.spendConfig?.daily_limit, Date.UTC(year, month, day)),
		monthly_remaining_usdc_micro: left(agent.spendConfig?.monthly_limit, Date.UTC(year, month)),
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
			if (!agent.spendConfig) throw notFound('No spend config is set for this agent');
			const config = exchange.wire.config(agent, agent.spendConfig);
			return ok(exchange.isSession ? { ...config, ...remainingOf(exchange) } : config);
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
			if (!agent.autoCollect) throw notFound('No auto-collect config is set for this agent');
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
				if (row.type === 'spend') payments.push(exchange.wire.payment(row, exchange.isSession));
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

export const routes: readonly Route[] = [
	...userRoutes,
	...ownRoutes,
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
];

export const routeName = ({ method, path }: Pick<Route, 'method' | 'path'>): string =>
	`${method} ${path}`;
