import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import type { AgentKey } from '../schemas/agentKey';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { computed, copied, time } = outputsOf<AgentKey, { agentAddress: Address }>();

export const agentKeyOutput = outputOf({
	name: computed(textOrNull, ({ name }) => name ?? null, 'name'),
	createdAt: time('created_at'),
	address: copied('address', text),
	agentAddress: computed(text, (_, { agentAddress }) => agentAddress),
});

/** `added` tells a new key from an existing one. */
export const addedAgentKeyOutput = z.object({
	added: z.boolean(),
	...agentKeyOutput.schema.shape,
});

export const revokedAgentKeyOutput = z.object({
	deleted: z.literal(true),
	address: text,
	agentAddress: text,
});
