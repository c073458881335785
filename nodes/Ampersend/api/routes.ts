import type { IHttpRequestMethods } from 'n8n-workflow';
import type * as z from 'zod/v4-mini';

import { activityPage } from '../schemas/activity';
import { agent } from '../schemas/agent';
import { agentKey } from '../schemas/agentKey';
import { agentSelf } from '../schemas/agentSelf';
import { allowlist } from '../schemas/allowlist';
import { autoCollect } from '../schemas/autoCollect';
import { page } from '../schemas/common';
import { payments } from '../schemas/payment';
import { session, signInNonce } from '../schemas/session';
import { spendConfig } from '../schemas/spendConfig';

/**
 * How we know that a route exists.
 * `documented`: on the vendor's API-keys page. `SDK`: the official SDK calls it, so it works in
 * production. `assumed`: nothing public says so; `source` names the pattern behind it, such as a
 * path that the SDK uses in an agent's own session.
 */
export type Evidence = 'documented' | 'SDK' | 'assumed';

export interface Route<Path extends string = string, Answer = unknown> {
	method: IHttpRequestMethods;
	/** Relative to the credential's base URL; `{name}` is a path parameter. */
	path: Path;
	/**
	 * The same for the session of an agent, which knows its agent (SDK, agent-client.ts). Absent if an
	 * API key is needed.
	 */
	sessionPath?: string;
	/** Shape of a 2xx body; absent if nothing in the body is used. */
	answer?: z.ZodMiniType<Answer>;
	/**
	 * Fields in which an answer for one agent (of the path, or of the session) names its agent. They can be absent (the
	 * shape says what must be there), but an answer with another agent's address is rejected.
	 */
	agentAt?: readonly string[];
	/** Path to the rows, if the answer is a list; empty if the body itself is one. */
	rowsAt?: readonly string[];
	/** Writes only: how a user checks whether a write took effect when its answer was lost. */
	check?: string;
	evidence: Evidence;
	source: string;
	/** Month in which the source was last read. */
	checkedOn: string;
}

/** The names between braces in a path or another text. */
export type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
	? Name | Placeholders<Rest>
	: never;

export type AnswerOf<R> = R extends { answer: z.ZodMiniType<infer Answer> } ? Answer : unknown;

const checkedOn = '2026-11';

const documented = (source: string) => ({ evidence: 'documented', source, checkedOn }) as const;
const inSdk = (source: string) => ({ evidence: 'SDK', source, checkedOn }) as const;
const assumed = (source: string) => ({ evidence: 'assumed', source, checkedOn }) as const;

/** How an answer names its agent; the API spells fields both ways. */
const agentFields = ['agent_address', 'agentAddress'];

/** Every route of the Ampersend API that this package calls. A wrong guess is one line to fix. */
export const routes = {
	listAgents: {
		method: 'GET',
		path: '/agents',
		answer: page(agent),
		...documented('API-keys page: path. SDK management.ts: shape. Query limit, offset: assumed'),
	},
	createAgent: {
		method: 'POST',
		path: '/agents',
		answer: agent,
		check:
			'Look for its name with Agent: Get Many before you run this again, ' +
			'or set If an Agent With This Name Exists to Return Existing.',
		...documented('API-keys page: path. SDK management.ts: body and shape'),
	},
	getAgent: {
		method: 'GET',
		path: '/agents/{address}',
		answer: agent,
		agentAt: ['address'],
		...assumed('Pattern of the documented paths'),
	},
	updateAgent: {
		method: 'PATCH',
		path: '/agents/{address}',
		answer: agent,
		agentAt: ['address'],
		check: 'Read the agent with Agent: Get before you run this again.',
		...assumed('Pattern of the documented paths'),
	},
	addAgentKey: {
		method: 'POST',
		path: '/agents/{address}/keys',
		answer: agentKey,
		agentAt: agentFields,
		check: 'Look for the address with Agent Key: Get Many before you run this again.',
		...documented(
			'API-keys page: path. SDK types.ts (approval request): field names; body assumed',
		),
	},
	listAgentKeys: {
		method: 'GET',
		path: '/agents/{address}/keys',
		answer: page(agentKey),
		agentAt: agentFields,
		rowsAt: ['items'],
		...assumed('Pattern of the documented paths'),
	},
	revokeAgentKey: {
		method: 'DELETE',
		path: '/agents/{address}/keys/{keyAddress}',
		check: 'Look for the address with Agent Key: Get Many before you run this again.',
		...assumed('Pattern of the documented paths'),
	},
	getAllowlist: {
		method: 'GET',
		path: '/agents/{address}/authorized-sellers',
		sessionPath: '/agents/self/authorized-sellers',
		answer: allowlist,
		...assumed("SDK agent-client.ts: the same below /agents/self, for an agent's session"),
	},
	replaceAllowlist: {
		method: 'PUT',
		path: '/agents/{address}/authorized-sellers',
		answer: allowlist,
		check: 'Read the allowlist with Allowlist: Get before you run this again.',
		...assumed('Pattern of the read'),
	},
	getSpendingLimit: {
		method: 'GET',
		path: '/agents/{address}/spend-config',
		sessionPath: '/agents/self/spend-config',
		answer: spendConfig,
		agentAt: agentFields,
		...assumed("SDK agent-client.ts: the same below /agents/self, for an agent's session"),
	},
	setSpendingLimit: {
		method: 'PUT',
		path: '/agents/{address}/spend-config',
		answer: spendConfig,
		agentAt: agentFields,
		check: 'Read the limits with Spending Limit: Get before you run this again.',
		...assumed('Pattern of the read. SDK types.ts: body'),
	},
	getAutoCollect: {
		method: 'GET',
		path: '/agents/{address}/auto-collect-config',
		sessionPath: '/agents/self/auto-collect-config',
		answer: autoCollect,
		agentAt: agentFields,
		...assumed("SDK agent-client.ts: the same below /agents/self, for an agent's session"),
	},
	setAutoCollect: {
		method: 'PUT',
		path: '/agents/{address}/auto-collect-config',
		answer: autoCollect,
		agentAt: agentFields,
		check: 'Read the settings with Auto-Collect: Get before you run this again.',
		...assumed('Pattern of the read'),
	},
	listActivity: {
		method: 'GET',
		path: '/agents/{address}/activity',
		sessionPath: '/agents/self/activity',
		answer: activityPage,
		agentAt: agentFields,
		rowsAt: ['activity'],
		...assumed("SDK agent-client.ts: the same below /agents/self, for an agent's session"),
	},
	listPayments: {
		method: 'GET',
		path: '/agents/{address}/payments',
		sessionPath: '/agents/self/payments',
		answer: payments,
		agentAt: agentFields,
		rowsAt: [],
		...assumed("SDK agent-client.ts: the same below /agents/self, for an agent's session"),
	},
	getSelf: {
		method: 'GET',
		path: '/agents/self',
		sessionPath: '/agents/self',
		answer: agentSelf,
		agentAt: ['address'],
		...inSdk('agent-client.ts, agent.ts: AgentSelf'),
	},
	requestNonce: {
		method: 'GET',
		path: '/agents/auth/nonce',
		sessionPath: '/agents/auth/nonce',
		answer: signInNonce,
		...inSdk('agent-client.ts'),
	},
	logIn: {
		method: 'POST',
		path: '/agents/auth/login',
		sessionPath: '/agents/auth/login',
		answer: session,
		agentAt: ['agentAddress'],
		check: 'Run it again: a login changes nothing.',
		...inSdk('agent-client.ts'),
	},
} as const satisfies Record<string, Route>;
