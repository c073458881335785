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
	agentAddress: computed(
		text,
		({ agent_address }, { agentAddress }) => agent_address ?? agentAddress,
		'agent_address',
	),
	/** False where the agent has no settings yet. */
	configured: computed(z.boolean(), (_, { isConfigured }) => isConfigured),
	enabled: computed(z.boolean(), ({ enabled }) => enabled ?? false, 'enabled'),
	targetAddress: computed(
		textOrNull,
		({ target_address }) => target_address ?? null,
		'target_address',
	),
	...amounts({
		threshold: amount(textOrNull, ({ threshold }) => threshold ?? null, 'threshold'),
		minimumRemaining: amount(
			textOrNull,
			({ minimum_remaining }) => minimum_remaining ?? null,
			'minimum_remaining',
		),
	}),
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
});

export const autoCollectOutput = output.schema;

export const simplifiedAutoCollect = simplifiedTo(
	autoCollectOutput,
	['enabled', 'thresholdUsdc', 'minimumRemainingUsdc', 'targetAddress', 'configured', 'updatedAt'],
	'agentAddress',
	{ keepsNull: true },
);

/** @param config undefined where the agent has no settings yet */
export function toAutoCollectOutput(
	agentAddress: Address,
	config: AutoCollect | undefined,
): z.infer<typeof autoCollectOutput> {
	return output.of(config ?? {}, { agentAddress, isConfigured: config !== undefined });
}
