import * as z from 'zod/v4-mini';

import { address, ifFits, link, micro, someText } from './common';

/** An agent as its own session sees it. Source: SDK, agent.ts: AgentSelf. */
export const agentSelf = z.looseObject({
	address,
	name: z.string(),
	slug: ifFits(z.string()),
	/** `deploying`, `deployed`, `failed`, or one that is new. */
	status: someText,
	published: ifFits(z.boolean()),
	registry_id: ifFits(z.string()),
	/** A registry can also point into IPFS. */
	registry_uri: ifFits(z.union([link, z.string().check(z.regex(/^ipfs:\/\/[\w\-./]{1,500}$/))])),
	balance_usdc_micro: micro,
});

export type AgentSelf = z.infer<typeof agentSelf>;
