import * as z from 'zod/v4-mini';

import { address } from './common';

/** What an agent signs to log in. Source: SDK, agent-client.ts. */
export const signInNonce = z.looseObject({
	nonce: z.string().check(z.minLength(1)),
	sessionId: z.string().check(z.minLength(1)),
});

/** Source: SDK, agent-client.ts. */
export const session = z.looseObject({
	token: z.string().check(z.minLength(1)),
	agentAddress: address,
	/** ISO 8601. */
	expiresAt: z.string(),
});
