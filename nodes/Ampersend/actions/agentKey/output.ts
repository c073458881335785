import * as z from 'zod/v4-mini';

import type { Address } from '../../domain/address';
import { withRest } from '../../domain/json';
import { toIsoOrNull } from '../../domain/time';
import type { AgentKey } from '../../schemas/agentKey';

/** An agent key as it leaves the node. Fields that the service adds follow unchanged. */
export const agentKeyOutput = z.object({
	agentAddress: z.string(),
	address: z.string(),
	name: z.nullable(z.string()),
	createdAt: z.nullable(z.string()),
});
type AgentKeyOutput = z.infer<typeof agentKeyOutput>;

/** `added` tells a new key from an existing one. */
export const addedAgentKeyOutput = z.extend(agentKeyOutput, { added: z.boolean() });

export const revokedAgentKeyOutput = z.object({
	deleted: z.literal(true),
	agentAddress: z.string(),
	address: z.string(),
});

export function toAgentKeyOutput(agentAddress: Address, key: AgentKey): AgentKeyOutput {
	const { address, name = null, created_at, ...further } = key;
	return withRest<AgentKeyOutput>(
		{ agentAddress, address, name, createdAt: toIsoOrNull(created_at) },
		further,
	);
}
