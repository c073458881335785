import * as z from 'zod/v4-mini';

import { address, ifFits, timestamp } from './common';
import { alsoNamed } from './forms';

/*
 * Names of an agent key's address and name on the wire, first those that we send. The nearest
 * routes spell them so (SDK, types.ts: agent and approval request); which ones these have isn't
 * public.
 */
export const addressNames = ['agent_key_address', 'session_key_address', 'address'] as const;
export const nameNames = ['key_name', 'name'] as const;

/** Assumed: nothing public shows the shape of an agent key. */
export const agentKey = alsoNamed(
	z.looseObject({
		address,
		name: ifFits(z.optional(z.string())),
		created_at: ifFits(z.optional(timestamp)),
	}),
	{ address: addressNames, name: nameNames },
);

export type AgentKey = z.infer<typeof agentKey>;
