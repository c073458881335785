import * as z from 'zod/v4-mini';

import type { Address } from '../../domain/address';

/** An allowlist as it leaves the node: the service answers with a bare list of addresses. */
export const allowlistOutput = z.object({
	agentAddress: z.string(),
	sellers: z.array(z.string()),
	count: z.number(),
});
type AllowlistOutput = z.infer<typeof allowlistOutput>;

export const updatedAllowlistOutput = z.extend(allowlistOutput, {
	/** On the list now, and not before. */
	added: z.array(z.string()),
	/** On the list before, and not now. */
	removed: z.array(z.string()),
	/** Whether the service answered with the list that was sent. */
	asRequested: z.boolean(),
	/** Whether someone else changed the list during the update. */
	changedMeanwhile: z.boolean(),
});

export function toAllowlistOutput(agentAddress: Address, sellers: Address[]): AllowlistOutput {
	return { agentAddress, sellers, count: sellers.length };
}
