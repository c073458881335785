import * as z from 'zod/v4-mini';

import { isNonce } from '../domain/session';
import { address, someText } from './common';

/** What an agent signs to log in. Source: SDK, agent-client.ts. */
export const signInNonce = z.looseObject({
	// It becomes a line of what the agent key signs.
	nonce: z.string().check(z.refine(isNonce, 'has an unexpected format')),
	// Longer than any id.
	sessionId: z.string().check(z.minLength(1), z.maxLength(1_024)),
});

/** Source: SDK, agent-client.ts. */
export const session = z.looseObject({
	token: someText,
	agentAddress: address,
	/** ISO 8601. */
	expiresAt: z.string(),
});
