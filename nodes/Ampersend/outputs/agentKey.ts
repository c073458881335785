import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import type { AgentKey } from '../schemas/agentKey';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { computed, copied, time } = outputsOf<AgentKey, { agentAddress: Address }>();

export const agentKeyOutput = outputOf({
	agentAddress: computed(text, (_, { agentAddress }) => agentAddress),
	address: copied('address', text),
	name: computed(textOrNull, ({ name }) => name ?? null, 'name'),
	createdAt: time('created_at'),
});

/** `added` tells a new key from an existing one. */
export const addedAgentKeyOutput = z.extend(agentKeyOutput.schema, { added: z.boolean() });

export const revokedAgentKeyOutput = z.object({
	deleted: z.literal(true),
	agentAddress: text,
	address: text,
});
