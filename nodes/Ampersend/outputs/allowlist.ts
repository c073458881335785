import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import { text } from './output';

/** The service answers with a bare list of addresses. */
export const allowlistOutput = z.object({
	agentAddress: text,
	sellers: z.array(text),
	count: z.number(),
});

export const updatedAllowlistOutput = z.extend(allowlistOutput, {
	/** On the list now, and not before. */
	added: z.array(text),
	/** On the list before, and not now. */
	removed: z.array(text),
	/** Whether the service answered with the list that was sent. */
	asRequested: z.boolean(),
	/** Whether someone else changed the list during the update. */
	changedMeanwhile: z.boolean(),
});

export function toAllowlistOutput(
	agentAddress: Address,
	sellers: Address[],
): z.infer<typeof allowlistOutput> {
	return { agentAddress, sellers, count: sellers.length };
}
