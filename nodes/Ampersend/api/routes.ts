import type { IHttpRequestMethods } from 'n8n-workflow';
import type * as z from 'zod/v4-mini';

import { limits } from '../domain/limits';
import { activityPage, plainActivityPage } from '../schemas/activity';
import { agent } from '../schemas/agent';
import { addressNames, agentKey, nameNames } from '../schemas/agentKey';
import { agentSelf } from '../schemas/agentSelf';
import { allowlist } from '../schemas/allowlist';
import { approval, approvalRequest } from '../schemas/approval';
import { autoCollect } from '../schemas/autoCollect';
import { deletion, orNothing, orUnset, page } from '../schemas/common';
import {
	hostedEndpoint,
	hostedEndpoints,
	hostedEndpointTest,
	signingSecret,
} from '../schemas/hostedEndpoint';
import { listing, listings } from '../schemas/listing';
import { fundingLink, owner } from '../schemas/owner';
import { payments } from '../schemas/payment';
import { paymentAuthorization, paymentReport } from '../schemas/paymentAuthorization';
import { session, signInNonce } from '../schemas/session';
import { spendConfig } from '../schemas/spendConfig';
import type { Synonyms } from './synonyms';

/**
 * How we know a part of a route.
 * `documented`: on the vendor's API-keys page. `SDK`: the official SDK does it, so it works in
 * production. `SDK branch`: a branch of the SDK that isn't released does it. `assumed`: nothing
 * public says so; `source` names the pattern behind it, such as a path that the SDK uses in an
 * agent's own session.
 */
export type Evidence = 'documented' | 'SDK' | 'SDK branch' | 'assumed';

/** The parts of a route that can differ from what we know. `request`: its query or body. */
export const parts = ['path', 'method', 'request', 'answer'] as const;
export type Part = (typeof parts)[number];

export interface Fact {
	evidence: Evidence;
	source: string;
}

/**
 * Who can call a route. `user`: with an API key. `agent`: an agent in its session. `login`: an
 * agent that starts one. `anyone`: no credential is sent.
 */
export type Access = 'user' | 'agent' | 'login' | 'anyone';

export interface Route<Path extends string = string, Answer = unknown> {
	/** What it does, after "Ampersend could not": an infinitive without "to". */
	does: string;
	method: IHttpRequestMethods;
	/** `user` if absent. */
	access?: Access;
	/**
	 * Relative to the base URL for API keys, or to the one for agents if `access` isn't `user`;
	 * `{name}` is a path parameter.
	 */
	path: Path;
	/** Only if the route has another prefix than the base URL, e.g. `/api/v1`. */
	prefix?: `/${string}`;
	/** Where an agent gets the same of itself in its session. Absent if it needs an API key. */
	sessionPath?: string;
	/** The name of the route that an agent uses instead, if its answer there has another shape. */
	sessionRoute?: string;
	/** Shape of a 2xx body; absent if nothing in the body is used. */
	answer?: z.ZodMiniType<Answer>;
	/** Reads a body that needs nothing done to it, faster; undefined for any other. */
	plainAnswer?: (body: unknown, agent: string | undefined) => Answer | undefined;
	/**
	 * Fields in which an answer for one agent (of the path, or of the session) names its agent. They
	 * can be absent (the shape says what must be there), but an answer with another agent's address
	 * is rejected.
	 */
	agentAt?: readonly string[];
	/** The field with the ID, where an answer for the ID in the path can have it. */
	idAt?: 'id';
	/** Path to the rows, if the answer is a list; empty if the body itself is one. */
	rowsAt?: readonly string[];
	/** Writes only: how a user checks whether a write took effect when its answer was lost. */
	check?: string;
	/** Names in the editor of what the body has, by the service's names. */
	fields?: Readonly<Record<string, string>>;
	/** Names that a field of the body can have instead, where ours is assumed. */
	synonyms?: Synonyms;
	/** The answer tells of something else, which can have errors. */
	reportsErrors?: true;
	/** What a 409 means if it says that the agent has the entry already. */
	conflict?: 'keyExists';
	/** Another operation that does it, by a route that works in production. */
	instead?: string;
	facts: Readonly<Record<Part, Fact>>;
	/** Month in which the sources were last read. */
	checkedOn: string;
}

/** The names between braces in a path or another text. */
export type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
	? Name | Placeholders<Rest>
	: never;

export type AnswerOf<R> = R extends { answer: z.ZodMiniType<infer Answer> } ? Answer : unknown;

const checkedOn = '2026-11';

const documented = (source: string) => ({ evidence: 'documented', source }) as const;
const inSdk = (source: string) => ({ evidence: 'SDK', source }) as const;
const assumed = (source: string) => ({ evidence: 'assumed', source }) as const;

/** @param others where the evidence isn't that of the path */
function known(path: Fact, others: Partial<Record<Part, Fact>> = {}) {
	return { facts: { path, method: path, request: path, answer: path, ...others }, checkedOn };
}

const inBranch = known({
	evidence: 'SDK branch',
	source: 'Branch feat/agent-hosted-endpoints, hosted-endpoint.ts',
});

/** For a read below an agent, which the SDK does in an agent's own session. */
const likeOfItself = (answer: Fact, request: Fact = answer) =>
	known(assumed("SDK agent-client.ts: the same below /agents/self, for an agent's session"), {
		request,
		answer,
	});

const NO_VENDOR_PUT = "Pattern of the read; no client of the vendor's uses PUT";
const APPROVAL_TYPES = 'SDK types.ts, AgentApprovalRequest: field names';

/** How an answer names its agent; the API spells fields both ways. */
const agentFields = ['agent_address', 'agentAddress'];

const named = (names: readonly string[], field: string) =>
	Object.fromEntries(names.map((name) => [name, field]));

const keyFields = {
	...named(addressNames, 'Agent Key Address'),
	...named(nameNames, 'Key Name'),
};
const limitFields = {
	auto_topup_allowed: 'Auto Top-Up',
	...Object.fromEntries(limits.map(({ wire, displayName }) => [wire, displayName])),
};

const newAgentFields = { ...keyFields, ...limitFields, name: 'Name' };
const endpointFields = {
	allowed_methods: 'Allowed Methods',
	description: 'Description',
	instructions: 'Instructions',
	name: 'Name',
	price_usd: 'Price (USDC)',
	proxy_headers: 'Proxy Headers',
	proxy_timeout_ms: 'Timeout (Ms)',
	proxy_url: 'Proxy URL',
	rate_limit_per_minute: 'Rate Limit per Minute',
	required_headers: 'Required Headers',
};
const headerFields = { name: 'Header Name', value: 'Header Value' };

const READ_ENDPOINT = 'Read it with Hosted Endpoint: Get before you run this again.';

/** Every route of the Ampersend API that this package calls. A wrong guess is one line to fix. */
export const routes = {
	listAgents: {
		does: 'list the agents',
		method: 'GET',
		path: '/agents',
		answer: page(agent, 'agents'),
		...known(documented('API-keys page'), {
			request: assumed('Query limit, offset: SDK management.ts has them in the answer'),
			answer: inSdk('management.ts: AgentResponse'),
		}),
	},
	createAgent: {
		does: 'create the agent',
		method: 'POST',
		path: '/agents',
		answer: agent,
		synonyms: [addressNames],
		fields: { ...newAgentFields, authorized_sellers: 'Allowlist' },
		check:
			'Look for its name with Agent: Get Many before you run this again, ' +
			'or set If an Agent With This Name Exists to Return Existing.',
		instead: 'Agent: Request Approval',
		...known(documented('API-keys page'), {
			request: inSdk('management.ts: create'),
			answer: inSdk('management.ts: AgentResponse'),
		}),
	},
	getAgent: {
		does: 'read the agent',
		method: 'GET',
		path: '/agents/{address}',
		sessionRoute: 'getSelf',
		answer: agent,
		agentAt: ['address'],
		...known(assumed('Pattern of the documented paths'), {
			answer: assumed('SDK management.ts, AgentResponse: what the list has'),
		}),
	},
	updateAgent: {
		does: 'rename the agent',
		method: 'PATCH',
		path: '/agents/{address}',
		answer: orNothing(agent),
		agentAt: ['address'],
		fields: { name: 'New Name' },
		check: 'Read the agent with Agent: Get before you run this again.',
		...known(assumed('Pattern of the documented paths'), {
			answer: assumed('SDK management.ts, AgentResponse: what the list has'),
		}),
	},
	addAgentKey: {
		does: 'add the agent key',
		method: 'POST',
		path: '/agents/{address}/keys',
		answer: orNothing(agentKey),
		agentAt: agentFields,
		synonyms: [addressNames, nameNames],
		fields: keyFields,
		conflict: 'keyExists',
		check: 'Look for the address with Agent Key: Get Many before you run this again.',
		instead: 'Agent Key: Request Approval',
		...known(documented('API-keys page'), {
			request: assumed(APPROVAL_TYPES),
			answer: assumed(APPROVAL_TYPES),
		}),
	},
	listAgentKeys: {
		does: 'list the agent keys',
		method: 'GET',
		path: '/agents/{address}/keys',
		answer: page(agentKey, 'keys', 'agent_keys'),
		agentAt: agentFields,
		rowsAt: ['items'],
		...known(assumed('Pattern of the documented paths')),
	},
	revokeAgentKey: {
		does: 'revoke the agent key',
		method: 'DELETE',
		path: '/agents/{address}/keys/{keyAddress}',
		answer: deletion,
		agentAt: agentFields,
		check: 'Look for the address with Agent Key: Get Many before you run this again.',
		...known(assumed('Pattern of the documented paths')),
	},
	getAllowlist: {
		does: 'read the allowlist',
		method: 'GET',
		path: '/agents/{address}/authorized-sellers',
		sessionPath: '/agents/self/authorized-sellers',
		answer: allowlist,
		...likeOfItself(inSdk('client.ts: a bare list of addresses')),
	},
	replaceAllowlist: {
		does: 'replace the allowlist',
		method: 'PUT',
		path: '/agents/{address}/authorized-sellers',
		answer: orNothing(allowlist),
		fields: { authorized_sellers: 'Sellers' },
		check: 'Read the allowlist with Allowlist: Get before you run this again.',
		...known(assumed('Pattern of the read'), { method: assumed(NO_VENDOR_PUT) }),
	},
	getSpendingLimit: {
		does: 'read the spending limits',
		method: 'GET',
		path: '/agents/{address}/spend-config',
		sessionPath: '/agents/self/spend-config',
		answer: orUnset(spendConfig),
		agentAt: agentFields,
		...likeOfItself(inSdk('agent.ts: AgentSpendConfigDTO')),
	},
	setSpendingLimit: {
		does: 'change the spending limits',
		method: 'PUT',
		path: '/agents/{address}/spend-config',
		answer: orNothing(spendConfig),
		agentAt: agentFields,
		fields: limitFields,
		check: 'Read the limits with Spending Limit: Get before you run this again.',
		...known(assumed('Pattern of the read'), {
			method: assumed(NO_VENDOR_PUT),
			request: inSdk('types.ts: SpendConfigInput'),
			answer: inSdk('agent.ts: AgentSpendConfigDTO'),
		}),
	},
	getAutoCollect: {
		does: 'read the auto-collect settings',
		method: 'GET',
		path: '/agents/{address}/auto-collect-config',
		sessionPath: '/agents/self/auto-collect-config',
		answer: orUnset(autoCollect),
		agentAt: agentFields,
		...likeOfItself(inSdk('agent.ts: AgentAutoCollectConfigDTO')),
	},
	setAutoCollect: {
		does: 'change the auto-collect settings',
		method: 'PUT',
		path: '/agents/{address}/auto-collect-config',
		answer: orNothing(autoCollect),
		agentAt: agentFields,
		fields: {
			enabled: 'Enabled',
			minimum_remaining: 'Minimum Remaining (USDC)',
			target_address: 'Target Address',
			threshold: 'Threshold (USDC)',
		},
		check: 'Read the settings with Auto-Collect: Get before you run this again.',
		...known(assumed('Pattern of the read'), {
			method: assumed(NO_VENDOR_PUT),
			answer: inSdk('agent.ts: AgentAutoCollectConfigDTO'),
		}),
	},
	listActivity: {
		does: 'list the transactions',
		method: 'GET',
		path: '/agents/{address}/activity',
		sessionPath: '/agents/self/activity',
		answer: activityPage,
		plainAnswer: plainActivityPage,
		agentAt: agentFields,
		rowsAt: ['activity'],
		...likeOfItself(inSdk('agent.ts: UnifiedAgentActivityDTO'), inSdk('agent-client.ts: query')),
	},
	listPayments: {
		does: 'list the payment events',
		method: 'GET',
		path: '/agents/{address}/payments',
		sessionPath: '/agents/self/payments',
		answer: payments,
		agentAt: agentFields,
		rowsAt: [],
		...likeOfItself(
			assumed('SDK agent.ts, AgentSelfPaymentDTO, and what the SDK read before 051de14'),
			inSdk('agent-client.ts: query'),
		),
	},
	getSelf: {
		does: 'read the agent',
		method: 'GET',
		access: 'agent',
		path: '/agents/self',
		answer: agentSelf,
		agentAt: ['address'],
		...known(inSdk('agent-client.ts, agent.ts: AgentSelfDTO')),
	},
	getOwner: {
		does: 'read the owner',
		method: 'GET',
		access: 'agent',
		path: '/agents/self/owner',
		answer: owner,
		...known(inSdk('agent-client.ts, agent.ts: AgentOwnerDTO')),
	},
	getFundingLink: {
		does: 'get the funding link',
		method: 'GET',
		access: 'agent',
		path: '/agents/self/funding-link',
		answer: fundingLink,
		...known(inSdk('agent-client.ts, agent.ts: AgentFundingLinkDTO')),
	},
	searchMarketplace: {
		does: 'search the marketplace',
		method: 'GET',
		access: 'agent',
		path: '/agents/marketplace/agentic/discover',
		answer: listings,
		...known(inSdk('marketplace.ts, curated-agent.ts')),
	},
	listListings: {
		does: 'search the marketplace',
		method: 'GET',
		access: 'anyone',
		path: '/agents/marketplace',
		sessionRoute: 'searchMarketplace',
		answer: listings,
		...known(inSdk('SDK 0.0.22, marketplace.ts; 0.0.24 and later search in a session')),
	},
	getListing: {
		does: 'read the listing',
		method: 'GET',
		access: 'anyone',
		path: '/agents/marketplace/{id}',
		answer: listing,
		...known(inSdk('marketplace.ts, curated-agent.ts')),
	},
	listHostedEndpoints: {
		does: 'list the hosted endpoints',
		method: 'GET',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints',
		answer: hostedEndpoints,
		agentAt: agentFields,
		rowsAt: [],
		...inBranch,
	},
	createHostedEndpoint: {
		does: 'create the hosted endpoint',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints',
		answer: hostedEndpoint,
		agentAt: agentFields,
		fields: endpointFields,
		check: 'Look for its name with Hosted Endpoint: Get Many before you run this again.',
		...inBranch,
	},
	createHostedEndpoints: {
		does: 'create the hosted endpoints',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/bulk',
		answer: hostedEndpoints,
		agentAt: agentFields,
		rowsAt: [],
		check:
			'Either all endpoints were created or none: ' +
			'look for one with Hosted Endpoint: Get Many before you run this again.',
		...inBranch,
	},
	getHostedEndpoint: {
		does: 'read the hosted endpoint',
		method: 'GET',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}',
		answer: hostedEndpoint,
		agentAt: agentFields,
		idAt: 'id',
		...inBranch,
	},
	updateHostedEndpoint: {
		does: 'change the hosted endpoint',
		method: 'PATCH',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}',
		answer: hostedEndpoint,
		agentAt: agentFields,
		idAt: 'id',
		fields: endpointFields,
		check: READ_ENDPOINT,
		...inBranch,
	},
	deleteHostedEndpoint: {
		does: 'delete the hosted endpoint',
		method: 'DELETE',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}',
		answer: deletion,
		agentAt: agentFields,
		check: 'Look for it with Hosted Endpoint: Get Many before you run this again.',
		...inBranch,
	},
	testHostedEndpoint: {
		does: 'test the hosted endpoint',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}/test',
		answer: hostedEndpointTest,
		reportsErrors: true,
		check: 'A test changes nothing at Ampersend: run it again if the proxied API allows it.',
		...inBranch,
	},
	rotateSigningSecret: {
		does: 'rotate the signing secret',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}/rotate-secret',
		answer: signingSecret,
		check: 'Run it again to get a new secret: nobody has seen one that was lost on the way.',
		...inBranch,
	},
	addProxyHeader: {
		does: 'add the proxy header',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}/proxy-headers',
		answer: hostedEndpoint,
		agentAt: agentFields,
		idAt: 'id',
		fields: headerFields,
		check: READ_ENDPOINT,
		...inBranch,
	},
	removeProxyHeader: {
		does: 'remove the proxy header',
		method: 'DELETE',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}/proxy-headers/{name}',
		answer: hostedEndpoint,
		agentAt: agentFields,
		idAt: 'id',
		check: READ_ENDPOINT,
		...inBranch,
	},
	addRequiredHeader: {
		does: 'add the required header',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}/required-headers',
		answer: hostedEndpoint,
		agentAt: agentFields,
		idAt: 'id',
		fields: headerFields,
		check: READ_ENDPOINT,
		...inBranch,
	},
	removeRequiredHeader: {
		does: 'remove the required header',
		method: 'DELETE',
		access: 'agent',
		path: '/agents/{address}/hosted-endpoints/{id}/required-headers/{name}',
		answer: hostedEndpoint,
		agentAt: agentFields,
		idAt: 'id',
		check: READ_ENDPOINT,
		...inBranch,
	},
	authorizePayment: {
		does: 'authorize the payment',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/payment/authorize',
		answer: paymentAuthorization,
		check:
			'Nothing was signed, so nothing can be paid. ' +
			"The amount can count against the agent's limits until the authorization expires.",
		...known(inSdk('ampersend-client.ts: authorizePayment')),
	},
	reportPayment: {
		does: 'report the payment',
		method: 'POST',
		access: 'agent',
		path: '/agents/{address}/payment/events',
		answer: paymentReport,
		check: 'Run it again: a report moves no money.',
		...known(inSdk('ampersend-client.ts: reportPaymentEvent')),
	},
	requestNonce: {
		does: 'prepare a session',
		method: 'GET',
		access: 'login',
		path: '/agents/auth/nonce',
		answer: signInNonce,
		...known(inSdk('client.ts, types.ts: SIWENonceResponse')),
	},
	logIn: {
		does: 'start a session',
		method: 'POST',
		access: 'login',
		path: '/agents/auth/login',
		answer: session,
		agentAt: ['agentAddress'],
		check: 'Run it again: a login changes nothing.',
		...known(inSdk('client.ts, types.ts: SIWELoginResponse')),
	},
	requestApproval: {
		does: 'request the approval',
		method: 'POST',
		access: 'anyone',
		path: '/approve-action/agent',
		answer: approvalRequest,
		fields: newAgentFields,
		check: 'Run it again: a request that nobody opens does nothing.',
		...known(inSdk('approval.ts, types.ts: AgentApprovalRequest')),
	},
	getApproval: {
		does: 'read the approval',
		method: 'GET',
		access: 'anyone',
		path: '/approve-action/{token}/status',
		answer: approval,
		...known(inSdk('approval.ts, types.ts: ApprovalStatus')),
	},
} as const satisfies Record<string, Route>;
