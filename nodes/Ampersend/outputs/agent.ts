import * as z from 'zod/v4-mini';

import { isMicro } from '../domain/money';
import { simplifiedTo } from '../domain/simplify';
import { toIso } from '../domain/time';
import type { Agent } from '../schemas/agent';
import type { AgentSelf } from '../schemas/agentSelf';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, copied, time } = outputsOf<Agent>();

/**
 * The SDK doesn't name the unit of `balance`: a whole number is assumed to be micro-USDC. Any other
 * is shown as the service sent it.
 */
export const agentOutput = outputOf({
	name: copied('name', text),
	/** As the service sent it, where it isn't a whole number. */
	balance: computed(z.optional(text), ({ balance }) => (isMicro(balance) ? undefined : balance)),
	...amounts({
		balance: amount(textOrNull, ({ balance }) => (isMicro(balance) ? balance : null), 'balance'),
	}),
	createdAt: computed(text, ({ createdAt }) => toIso(createdAt), 'createdAt'),
	updatedAt: time('updatedAt'),
	address: copied('address', text),
});

const ofEveryAgent = ['name', 'balanceUsdc'] as const;

/** The service adds some fields, such as a nonce. */
export const simplifiedAgent = simplifiedTo(
	agentOutput.schema,
	[...ofEveryAgent, 'createdAt', 'updatedAt'],
	'address',
);

/** `created` tells a new agent from an existing one. */
export const createdAgentOutput = z.object({ created: z.boolean(), ...agentOutput.schema.shape });

export const simplifiedCreatedAgent = simplifiedTo(
	createdAgentOutput,
	['created', ...ofEveryAgent, 'createdAt'],
	'address',
);

const own = outputsOf<AgentSelf>();

/** The agent of a session. */
export const ownAgentOutput = outputOf({
	name: own.copied('name', text),
	...own.amounts({
		balance: own.amount(text, (agent) => agent.balance_usdc_micro, 'balance_usdc_micro'),
	}),
	/** `deploying`, `deployed`, `failed`, or one that is new. */
	status: own.copied('status', text),
	published: own.copied('published', z.nullable(z.boolean())),
	address: own.copied('address', text),
	registryUri: own.copied('registry_uri', textOrNull),
	registryId: own.copied('registry_id', textOrNull),
	slug: own.copied('slug', textOrNull),
});

/** With an API key, or in a session. */
export const readAgentOutput = z.union([agentOutput.schema, ownAgentOutput.schema]);

export const simplifiedReadAgent = simplifiedTo(
	z.object({ ...agentOutput.schema.shape, ...ownAgentOutput.schema.shape }),
	[...ofEveryAgent, 'status', 'published', 'createdAt', 'updatedAt'],
	'address',
);
