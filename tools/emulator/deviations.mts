import { toCamel } from './answers.mts';
import type { Contract } from './contract.mts';
import { routeName, routes } from './routes.mts';

/** One way in which a service may differ from the documented one. */
export interface Deviation {
	readonly name: string;
	readonly part: 'path' | 'method' | 'query' | 'body' | 'status' | 'answer';
	readonly contract: Contract;
}

const AGENTS = 'GET /agents';
const CREATE = 'POST /agents';
const RENAME = 'PATCH /agents/{address}';
const KEYS = 'GET /agents/{address}/keys';
const ADD_KEY = 'POST /agents/{address}/keys';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';
const SET_ALLOWLIST = 'PUT /agents/{address}/authorized-sellers';
const LIMITS = 'GET /agents/{address}/spend-config';
const SET_LIMITS = 'PUT /agents/{address}/spend-config';
const AUTO_COLLECT = 'GET /agents/{address}/auto-collect-config';
const SET_AUTO_COLLECT = 'PUT /agents/{address}/auto-collect-config';
const ACTIVITY = 'GET /agents/{address}/activity';
const PAYMENTS = 'GET /agents/{address}/payments';
const ENDPOINTS = 'GET /agents/{address}/hosted-endpoints';
const SELF = 'GET /agents/self';
const OWNER = 'GET /agents/self/owner';
const FUNDING = 'GET /agents/self/funding-link';
const AUTHORIZE = 'POST /agents/{address}/payment/authorize';
const ROTATE = 'POST /agents/{address}/hosted-endpoints/{id}/rotate-secret';

/** Of users. The others are at least in the vendor's documentation or SDK. */
const documented = [AGENTS, CREATE, ADD_KEY];
const ofUsers = routes.filter(({ access = 'user' }) => access === 'user').map(routeName);
const assumed = ofUsers.filter((name) => !documented.includes(name));
const writes = ofUsers.filter((name) => !name.startsWith('GET '));

/** Of agents in their sessions, and of anyone: these are in the vendor's SDK or a branch of it. */
const ofAgents = routes
	.filter(({ access = 'user', path }) => access !== 'user' && !path.includes('/auth/'))
	.map(routeName);
const ofEndpoints = ofAgents.filter((name) => name.includes('/hosted-endpoints'));
const agentWrites = ofAgents.filter((name) => !name.startsWith('GET '));

/** The same for what an agent reads of itself. */
const andOwn = (name: string): string[] => [name, name.replace('{address}', 'self')];
const forAll = <T,>(names: string[], value: T): Record<string, T> =>
	Object.fromEntries(names.map((name) => [name, value]));

const prefixes: Deviation[] = [
	['/v1', '/v1'],
	['/api/v1', '/api/v1'],
	['/api/v1/sdk', '/api/v1/sdk'],
	['/api/v2', '/api/v2'],
	['/api/v1/sdk', '/api/v1'],
	['/api/v1/sdk', '/v1'],
].map(([agents = '', below = '']) => ({
	name: agents === below ? `users call ${agents}` : `users call ${agents}, and ${below} below`,
	part: 'path',
	contract: { prefix: { agents, below } },
}));

const verbs: Deviation[] = (
	[
		[SET_ALLOWLIST, 'PATCH'],
		[SET_ALLOWLIST, 'POST'],
		[SET_LIMITS, 'PATCH'],
		[SET_LIMITS, 'POST'],
		[SET_AUTO_COLLECT, 'PATCH'],
		[SET_AUTO_COLLECT, 'POST'],
		[RENAME, 'PUT'],
		[RENAME, 'POST'],
	] as const
).map(([route, method]) => ({
	name: `${route} is a ${method}`,
	part: 'method',
	contract: { verbs: { [route]: method } },
}));

const containers: Deviation[] = (
	[
		[AGENTS, 'array', { named: 'agents' }, { named: 'data' }],
		[KEYS, 'array', { named: 'keys' }, { named: 'data' }],
		[ALLOWLIST, 'page', { named: 'authorized_sellers' }, { named: 'data' }],
		[PAYMENTS, 'page', { named: 'payments' }, { named: 'data' }],
		[ACTIVITY, 'array', 'page', { named: 'data' }],
		[ENDPOINTS, 'page', { named: 'hosted_endpoints' }, { named: 'data' }],
	] as const
).flatMap(([route, ...forms]) =>
	forms.map((form) => ({
		name: `${route} answers ${typeof form === 'string' ? `as ${form}` : `{${form.named}}`}`,
		part: 'answer',
		contract: { containers: { [route]: form } },
	})),
);

const lists: Deviation[] = [
	...[AGENTS, KEYS, ACTIVITY].map(
		(route): Deviation => ({
			name: `the total of ${route} counts the page only`,
			part: 'answer',
			contract: { totalOfPage: [route] },
		}),
	),
	{ name: 'pages count from 0', part: 'query', contract: { firstPage: 0 } },
	...[ACTIVITY, PAYMENTS].map(
		(route): Deviation => ({
			name: `${route} has the oldest first`,
			part: 'answer',
			contract: { reversed: andOwn(route) },
		}),
	),
	{
		name: 'agents and keys have the newest first',
		part: 'answer',
		contract: { reversed: [AGENTS, KEYS] },
	},
	...(['cut', 'reject'] as const).map(
		(beyond): Deviation => ({
			name: `pages have 50 rows at most, and more are ${beyond === 'cut' ? 'cut' : 'a 400'}`,
			part: 'query',
			contract: { largestPage: { rows: 50, beyond } },
		}),
	),
	...['offset', 'page', 'limit', 'preset'].map(
		(name): Deviation => ({
			name: `${name} has no effect`,
			part: 'query',
			contract: { ignoredQuery: [name] },
		}),
	),
];

const bodies: Deviation[] = [
	...(
		[
			[CREATE, 'agent_key_address', 'session_key_address'],
			[CREATE, 'agent_key_address', 'key_address'],
			[CREATE, 'authorized_sellers', 'sellers'],
			[ADD_KEY, 'agent_key_address', 'session_key_address'],
			[ADD_KEY, 'agent_key_address', 'address'],
			[ADD_KEY, 'key_name', 'name'],
			[SET_ALLOWLIST, 'authorized_sellers', 'sellers'],
			[SET_LIMITS, 'auto_topup_allowed', 'auto_top_up'],
			[SET_AUTO_COLLECT, 'minimum_remaining', 'minimum_balance'],
		] as const
	).map(
		([route, from, to]): Deviation => ({
			name: `${route} takes ${to} for ${from}`,
			part: 'body',
			contract: { requestNames: { [route]: { [from]: to } } },
		}),
	),
	{ name: 'bodies are in camel case', part: 'body', contract: { requestCase: 'camel' } },
];

/** Of every field that agents get. */
const camelNames = Object.fromEntries(
	[
		...['address', 'slug'].map((name) => `agent_${name}`),
		...['access', 'proxy', 'status', 'user_approve', 'logo', 'docs'].map((name) => `${name}_url`),
		...['created', 'updated', 'deleted', 'expires', 'resolved'].map((name) => `${name}_at`),
		...['proxy', 'required'].map((name) => `${name}_header_names`),
		...['proxy_timeout_ms', 'price_usd', 'allowed_methods', 'rate_limit_per_minute'],
		...['registry_id', 'registry_uri', 'balance_usdc_micro', 'user_id', 'wallet_address'],
		...['auto_topup_allowed', 'daily_limit', 'monthly_limit', 'per_transaction_limit'],
		...['daily_remaining_usdc_micro', 'monthly_remaining_usdc_micro'],
		...['target_address', 'minimum_remaining', 'amount_usdc_micro', 'seller_address'],
		...['tx_hash', 'chain_caip2id', 'agent_key_address', 'ampersend_agent_address'],
	].map((name) => [name, toCamel(name)]),
);

const fields: Deviation[] = [
	...['agent_key_address', 'session_key_address'].map(
		(to): Deviation => ({
			name: `agent keys have ${to} for address`,
			part: 'answer',
			contract: { answerNames: forAll([KEYS, ADD_KEY], { address: to }) },
		}),
	),
	...['agent_address', 'id'].map(
		(to): Deviation => ({
			name: `agents have ${to} for address`,
			part: 'answer',
			contract: { answerNames: forAll([AGENTS, CREATE, 'GET /agents/{address}'], { address: to }) },
		}),
	),
	{
		name: 'payment events have amount for amount_usdc_micro',
		part: 'answer',
		contract: { answerNames: forAll(andOwn(PAYMENTS), { amount_usdc_micro: 'amount' }) },
	},
	...(
		[
			[SELF, 'balance_usdc_micro', 'balance'],
			[SELF, 'address', 'agent_address'],
			[OWNER, 'user_id', 'id'],
			[OWNER, 'wallet_address', 'address'],
			[FUNDING, 'url', 'funding_url'],
			[ROTATE, 'signingSecret', 'signing_secret'],
			[ROTATE, 'signingSecret', 'secret'],
			[AUTHORIZE, 'serverSignature', 'server_signature'],
		] as const
	).map(
		([route, from, to]): Deviation => ({
			name: `${route} answers with ${to} for ${from}`,
			part: 'answer',
			contract: { answerNames: { [route]: { [from]: to } } },
		}),
	),
	...(
		[
			['price_usd', 'price'],
			['proxy_url', 'target_url'],
			['id', 'endpoint_id'],
		] as const
	).map(
		([from, to]): Deviation => ({
			name: `hosted endpoints have ${to} for ${from}`,
			part: 'answer',
			contract: { answerNames: forAll(ofEndpoints, { [from]: to }) },
		}),
	),
	{
		name: 'what agents get is in camel case',
		part: 'answer',
		contract: { answerNames: forAll(ofAgents, camelNames) },
	},
	{ name: 'answers are in camel case', part: 'answer', contract: { answerCase: 'camel' } },
	{ name: 'answers are in snake case', part: 'answer', contract: { answerCase: 'snake' } },
];

const values: Deviation[] = [
	...(
		[
			[ACTIVITY, 'status', 'in_review'],
			[ACTIVITY, 'type', 'refund'],
			[PAYMENTS, 'status', 'in_review'],
			[PAYMENTS, 'scheme', 'upto'],
		] as const
	).map(
		([route, field, value]): Deviation => ({
			name: `${route} has the ${field} ${value}`,
			part: 'answer',
			contract: { values: forAll(andOwn(route), { [field]: value }) },
		}),
	),
	...(
		[
			['description', null],
			['instructions', null],
			['rate_limit_per_minute', null],
			['proxy_header_names', null],
			['network', 'eip155:8453'],
			['price_usd', '0.25'],
		] as const
	).map(
		([field, value]): Deviation => ({
			name: `hosted endpoints have the ${field} ${value}`,
			part: 'answer',
			contract: { values: forAll(ofEndpoints, { [field]: value }) },
		}),
	),
	...['name', 'price_usd', 'enabled', 'created_at'].map(
		(field): Deviation => ({
			name: `hosted endpoints have no ${field}`,
			part: 'answer',
			contract: { values: forAll(ofEndpoints, { [field]: null }) },
		}),
	),
	...(
		[
			[SELF, 'status', 'paused'],
			[SELF, 'published', null],
			[AUTHORIZE, 'limits', null],
		] as const
	).map(
		([route, field, value]): Deviation => ({
			name: `${route} has the ${field} ${value}`,
			part: 'answer',
			contract: { values: { [route]: { [field]: value } } },
		}),
	),
	...(['s', 'ms', 'µs'] as const).flatMap((unit) =>
		(['text', 'number'] as const).map(
			(as): Deviation => ({
				name: `times are in ${unit}, as ${as}`,
				part: 'answer',
				contract: { times: { unit, as } },
			}),
		),
	),
	{ name: 'numbers are texts', part: 'answer', contract: { integers: 'text' } },
	{ name: 'texts of digits are numbers', part: 'answer', contract: { integers: 'number' } },
	{ name: 'amounts are in USDC', part: 'answer', contract: { amounts: 'usdc' } },
	...[LIMITS, AUTO_COLLECT].map(
		(route): Deviation => ({
			name: `${route} answers null where nothing is set`,
			part: 'answer',
			contract: { nullIfUnset: andOwn(route) },
		}),
	),
];

const sessions: Deviation[] = [400, 401, 403, 419].map((status) => ({
	name: `an ended session gets ${status}`,
	part: 'status',
	contract: { endedSession: status },
}));

const kinds = { added: 'what is new', nothing: '204', ok: '{ok: true}' } as const;

const writeAnswers: Deviation[] = (['added', 'nothing', 'ok'] as const).flatMap((kind) => [
	{
		name: `writes answer ${kinds[kind]}`,
		part: 'answer',
		contract: { writeAnswers: forAll(writes, kind) },
	},
	{
		name: `writes of agents answer ${kinds[kind]}`,
		part: 'answer',
		contract: { writeAnswers: forAll(agentWrites, kind) },
	},
]);

const HTML = '<!doctype html><title>Ampersend</title><p>Sign in to continue.</p>';

const replies = {
	'403': { status: 403, body: { message: 'Forbidden' } },
	'404': { status: 404, body: { message: 'Not Found' } },
	'405': { status: 405, body: { message: 'Method Not Allowed' }, headers: { allow: 'OPTIONS' } },
	'501': {
		status: 501,
		body: { message: 'Not Implemented' },
		// So that a test doesn't wait between the attempts of a read.
		headers: { 'retry-after': '0' },
	},
	'308': { status: 308, headers: { location: '/moved' } },
	'a page': { status: 200, body: HTML },
	'404 with a page': { status: 404, body: HTML },
};

/** What something between client and service may answer to a write that the service has done. */
const afterwards = ['a page'];

const instead: Deviation[] = Object.entries(replies).flatMap(([reply, action]) => [
	...[...assumed, ...ofAgents].map(
		(route): Deviation => ({
			name: `${route} answers ${reply}`,
			part: 'status',
			contract: { instead: { [route]: action } },
		}),
	),
	...(afterwards.includes(reply) ? [...writes, ...agentWrites] : []).map(
		(route): Deviation => ({
			name: `${route} is carried out and answers ${reply}`,
			part: 'status',
			contract: { instead: { [route]: { ...action, when: 'after' } } },
		}),
	),
]);

/** Each differs from the documented service in one thing. */
export const deviations: readonly Deviation[] = [
	...prefixes,
	...verbs,
	...containers,
	...lists,
	...bodies,
	...fields,
	...values,
	...sessions,
	...writeAnswers,
	...instead,
];
