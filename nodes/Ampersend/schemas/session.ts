import * as z from 'zod/v4-mini';

import { isNonce, isSessionToken } from '../domain/session';
import { address } from './common';

/** What an agent signs to log in. Source: SDK, agent-client.ts. */
export const signInNonce = z.looseObject({
	// It becomes a line of what the agent key signs.
	nonce: z.string().check(z.refine(isNonce, 'has an unexpected format')),
	// Longer than any id.
	sessionId: z.string().check(z.minLength(1), z.maxLength(1_024)),
});

const isTime = (text: string): boolean => text.length <= 64 && !Number.isNaN(Date.parse(text));

/** Source: SDK, agent-client.ts. */
export const session = z.looseObject({
	token: z.string().check(z.refine(isSessionToken, 'has an unexpected format')),
	agentAddress: address,
	/** ISO 8601. */
	expiresAt: z.string().check(z.refine(isTime, 'has an unexpected format')),
});
