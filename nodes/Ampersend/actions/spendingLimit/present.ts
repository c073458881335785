import type { Address } from '../../domain/address';
import { withFurther } from '../../domain/json';
import { amount } from '../../domain/money';
import { toIso } from '../../domain/time';
import type { SpendConfig } from '../../schemas/spendConfig';

function presentLimit(micro: string | null) {
	return micro === null ? { usdc: null, micro: null } : amount(micro);
}

/** Limits as they leave the node; null means unlimited. Fields that are not known here survive. */
export function presentSpendingLimit(agentAddress: Address, config: SpendConfig) {
	const {
		agent_address = agentAddress,
		auto_topup_allowed,
		daily_limit,
		monthly_limit,
		per_transaction_limit,
		created_at,
		updated_at,
		...unknown
	} = config;
	const daily = presentLimit(daily_limit);
	const monthly = presentLimit(monthly_limit);
	const perTransaction = presentLimit(per_transaction_limit);
	return withFurther(
		{
			agentAddress: agent_address,
			configured: true,
			autoTopUp: auto_topup_allowed,
			dailyLimitUsdc: daily.usdc,
			dailyLimitUsdcMicro: daily.micro,
			monthlyLimitUsdc: monthly.usdc,
			monthlyLimitUsdcMicro: monthly.micro,
			perTransactionLimitUsdc: perTransaction.usdc,
			perTransactionLimitUsdcMicro: perTransaction.micro,
			createdAt: created_at === undefined ? null : toIso(created_at),
			updatedAt: updated_at === undefined ? null : toIso(updated_at),
		},
		unknown,
	);
}

/** What an agent has for which nothing was ever set. */
export const unsetSpendingLimit: SpendConfig = {
	auto_topup_allowed: false,
	daily_limit: null,
	monthly_limit: null,
	per_transaction_limit: null,
};
