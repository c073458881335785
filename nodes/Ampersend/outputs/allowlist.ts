import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import { text } from './output';

/** The service answers with a bare list of addresses. */
export const allowlistOutput = z.object({
	count: z.number(),
	sellers: z.array(text),
	agentAddress: text,
});

export const updatedAllowlistOutput = z.object({
	/** On the list now, and not before. */
	added: z.array(text),
	/** On the list before, and not now. */
	removed: z.array(text),
	/** Whether the service answered with the list that was sent. */
	asRequested: z.boolean(),
	/** Whether someone else changed the list during the update. */
	changedMeanwhile: z.boolean(),
	...allowlistOutput.shape,
});

export function toAllowlistOutput(
	agentAddress: Address,
	sellers: Address[],
): z.infer<typeof allowlistOutput> {
	return { count: sellers.length, sellers, agentAddress };
}
