import type { Address } from '../../domain/address';
import { withFurther } from '../../domain/json';
import { amount } from '../../domain/money';
import { toIso } from '../../domain/time';
import type { AutoCollect } from '../../schemas/autoCollect';

/** What the node gives for an agent for which auto-collect was never set. */
export function presentNoAutoCollect(agentAddress: Address) {
	return {
		agentAddress,
		configured: false,
		enabled: false,
		targetAddress: null,
		thresholdUsdc: null,
		thresholdUsdcMicro: null,
		minimumRemainingUsdc: null,
		minimumRemainingUsdcMicro: null,
		createdAt: null,
		updatedAt: null,
	};
}

/** Auto-collect as it leaves the node. Fields that are not known here survive as they came. */
export function presentAutoCollect(agentAddress: Address, config: AutoCollect) {
	const {
		agent_address = agentAddress,
		enabled,
		target_address,
		threshold,
		minimum_remaining,
		created_at,
		updated_at,
		...unknown
	} = config;
	const atLeast = amount(threshold);
	const remaining = minimum_remaining === null ? null : amount(minimum_remaining);
	return withFurther(
		{
			agentAddress: agent_address,
			configured: true,
			enabled,
			targetAddress: target_address,
			thresholdUsdc: atLeast.usdc,
			thresholdUsdcMicro: atLeast.micro,
			minimumRemainingUsdc: remaining?.usdc ?? null,
			minimumRemainingUsdcMicro: remaining?.micro ?? null,
			createdAt: created_at === undefined ? null : toIso(created_at),
			updatedAt: updated_at === undefined ? null : toIso(updated_at),
		},
		unknown,
	);
}
