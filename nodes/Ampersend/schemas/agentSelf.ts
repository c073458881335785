import * as z from 'zod/v4-mini';

import { address, micro, someText } from './common';

/** An agent as its own session sees it. Source: SDK, agent.ts: AgentSelf. */
export const agentSelf = z.looseObject({
	address,
	name: z.string(),
	slug: z.nullable(z.string()),
	/** `deploying`, `deployed`, `failed`, or one that is new. */
	status: someText,
	published: z.boolean(),
	registry_id: z.nullable(z.string()),
	registry_uri: z.nullable(z.string()),
	balance_usdc_micro: micro,
});

export type AgentSelf = z.infer<typeof agentSelf>;
