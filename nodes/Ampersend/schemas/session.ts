import * as z from 'zod/v4-mini';

import { address, someText } from './common';

/** What an agent signs to log in. Source: SDK, agent-client.ts. */
export const signInNonce = z.looseObject({
	nonce: someText,
	sessionId: someText,
});

/** Source: SDK, agent-client.ts. */
export const session = z.looseObject({
	token: someText,
	agentAddress: address,
	/** ISO 8601. */
	expiresAt: z.string(),
});
