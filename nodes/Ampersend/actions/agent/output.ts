import * as z from 'zod/v4-mini';

import { withRest } from '../../domain/json';
import { amountFields, amountShape, isMicro } from '../../domain/money';
import { quote } from '../../domain/parameter';
import { simplifiedTo } from '../../domain/simplify';
import { toIso, toIsoOrNull } from '../../domain/time';
import type { Agent } from '../../schemas/agent';
import type { AgentSelf } from '../../schemas/agentSelf';
import type { OperationContext } from '../operation';

/** An agent as it leaves the node. Fields that the service adds follow unchanged. */
export const agentOutput = z.object({
	address: z.string(),
	name: z.string(),
	/** As the service sent it, where it isn't a whole number. */
	balance: z.optional(z.string()),
	...amountShape({ balance: z.nullable(z.string()) }),
	createdAt: z.string(),
	updatedAt: z.nullable(z.string()),
});

const ofEveryAgent = ['name', 'balanceUsdc', 'balance'] as const;

/** The service adds some fields, such as a nonce. */
export const simplifiedAgent = simplifiedTo(
	agentOutput,
	[...ofEveryAgent, 'createdAt', 'updatedAt'],
	'address',
);
type AgentOutput = z.infer<typeof agentOutput>;

/** `created` tells a new agent from an existing one. */
export const createdAgentOutput = z.extend(agentOutput, { created: z.boolean() });

/** The SDK doesn't name the unit of `balance`: a whole number is assumed to be micro-USDC. */
export function toAgentOutput(agent: Agent): AgentOutput {
	const { address, name, balance, createdAt, updatedAt, ...further } = agent;
	const isAmount = isMicro(balance);
	return withRest<AgentOutput>(
		{
			address,
			name,
			...(!isAmount && { balance }),
			...amountFields({ balance: isAmount ? balance : null }),
			createdAt: toIso(createdAt),
			updatedAt: toIsoOrNull(updatedAt),
		},
		further,
	);
}

/** Shows a note if a balance isn't in the unit that `toAgentOutput` assumes. */
export function noteBalances(agents: Agent[], hint: OperationContext['hint']): void {
	const other = agents.find(({ balance }) => !isMicro(balance));
	if (!other) return;
	hint(
		`The balance of ${quote(other.name)} is ${quote(other.balance)}, which isn't in whole ` +
			'micro-USDC. The output has it as "balance", and no "balanceUsdc". ' +
			'A newer version of n8n-nodes-ampersend may know it.',
	);
}

/** The agent of a session, as it leaves the node. */
const ownAgentOutput = z.object({
	address: z.string(),
	name: z.string(),
	/** `deploying`, `deployed`, `failed`, or one that is new. */
	status: z.string(),
	...amountShape({ balance: z.string() }),
	published: z.nullable(z.boolean()),
	slug: z.nullable(z.string()),
	registryId: z.nullable(z.string()),
	registryUri: z.nullable(z.string()),
});

/** With an API key, or in a session. */
export const readAgentOutput = z.union([agentOutput, ownAgentOutput]);

export const simplifiedReadAgent = simplifiedTo(
	z.object({ ...agentOutput.shape, ...ownAgentOutput.shape }),
	[...ofEveryAgent, 'status', 'published', 'createdAt', 'updatedAt'],
	'address',
);

export function toOwnAgentOutput(agent: AgentSelf): z.infer<typeof ownAgentOutput> {
	const { address, name, status, balance_usdc_micro, published, slug, ...others } = agent;
	const { registry_id, registry_uri, ...further } = others;
	return withRest(
		{
			address,
			name,
			status,
			...amountFields({ balance: balance_usdc_micro }),
			published,
			slug,
			registryId: registry_id,
			registryUri: registry_uri,
		},
		further,
	);
}
