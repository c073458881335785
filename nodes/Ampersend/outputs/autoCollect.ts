import * as z from 'zod/v4-mini';

import type { Address } from '../domain/address';
import { simplifiedTo } from '../domain/simplify';
import type { AutoCollect } from '../schemas/autoCollect';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { amount, amounts, computed, time } = outputsOf<
	Partial<AutoCollect>,
	{ agentAddress: Address; isConfigured: boolean }
>();

const output = outputOf({
	enabled: computed(z.boolean(), ({ enabled }) => enabled ?? false, 'enabled'),
	...amounts({
		threshold: amount(textOrNull, ({ threshold }) => threshold ?? null, 'threshold'),
		minimumRemaining: amount(
			textOrNull,
			({ minimum_remaining }) => minimum_remaining ?? null,
			'minimum_remaining',
		),
	}),
	/** False where the agent has no settings yet. */
	configured: computed(z.boolean(), (_, { isConfigured }) => isConfigured),
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
	targetAddress: computed(
		textOrNull,
		({ target_address }) => target_address ?? null,
		'target_address',
	),
	agentAddress: computed(
		text,
		({ agent_address }, { agentAddress }) => agent_address ?? agentAddress,
		'agent_address',
	),
});

export const autoCollectOutput = output.schema;

export const simplifiedAutoCollect = simplifiedTo(
	autoCollectOutput,
	['enabled', 'thresholdUsdc', 'minimumRemainingUsdc', 'configured', 'updatedAt', 'targetAddress'],
	'agentAddress',
);

/** @param config undefined where the agent has no settings yet */
export function toAutoCollectOutput(
	agentAddress: Address,
	config: AutoCollect | undefined,
): z.infer<typeof autoCollectOutput> {
	return output.of(config ?? {}, { agentAddress, isConfigured: config !== undefined });
}
