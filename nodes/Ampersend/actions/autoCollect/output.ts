import * as z from 'zod/v4-mini';

import type { Address } from '../../domain/address';
import { withRest } from '../../domain/json';
import { amountFields, amountShape } from '../../domain/money';
import { toIsoOrNull } from '../../domain/time';
import type { AutoCollect } from '../../schemas/autoCollect';

const text = z.nullable(z.string());

/** Auto-collect as it leaves the node. Fields that the service adds follow unchanged. */
export const autoCollectOutput = z.object({
	agentAddress: z.string(),
	/** False where the agent has no settings yet. */
	configured: z.boolean(),
	enabled: z.boolean(),
	targetAddress: text,
	...amountShape({ threshold: text, minimumRemaining: text }),
	createdAt: text,
	updatedAt: text,
});
type AutoCollectOutput = z.infer<typeof autoCollectOutput>;

/** @param config undefined where the agent has no settings yet */
export function toAutoCollectOutput(
	agentAddress: Address,
	config: AutoCollect | undefined,
): AutoCollectOutput {
	const {
		agent_address = agentAddress,
		enabled = false,
		target_address = null,
		threshold,
		minimum_remaining = null,
		created_at,
		updated_at,
		...further
	}: Partial<AutoCollect> = config ?? {};
	return withRest<AutoCollectOutput>(
		{
			agentAddress: agent_address,
			configured: config !== undefined,
			enabled,
			targetAddress: target_address,
			...amountFields({ threshold: threshold ?? null, minimumRemaining: minimum_remaining }),
			createdAt: toIsoOrNull(created_at),
			updatedAt: toIsoOrNull(updated_at),
		},
		further,
	);
}
