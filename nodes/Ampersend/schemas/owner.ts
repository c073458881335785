import * as z from 'zod/v4-mini';

import { address, link, someText } from './common';

/** The owner of an agent. Source: SDK, agent.ts: AgentOwnerDTO. */
export const owner = z.looseObject({
	user_id: someText,
	wallet_address: address,
});

export type Owner = z.infer<typeof owner>;

/** A page of the dashboard on which the owner adds USDC. Source: SDK, agent.ts. */
export const fundingLink = z.looseObject({ url: link });

export type FundingLink = z.infer<typeof fundingLink>;
