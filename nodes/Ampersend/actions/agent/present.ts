import { withFurther } from '../../domain/json';
import { amount, isMicro } from '../../domain/money';
import { toIso } from '../../domain/time';
import type { Agent } from '../../schemas/agent';

/**
 * `balance` is a string of no published unit (SDK): micro-USDC is assumed where it is a whole
 * number.
 */
function presentBalance(balance: string) {
	if (!isMicro(balance)) return { balance, balanceUsdc: null, balanceUsdcMicro: null };
	const { usdc, micro } = amount(balance);
	return { balanceUsdc: usdc, balanceUsdcMicro: micro };
}

/** An agent as it leaves the node. Fields that are not known here survive as they came. */
export function presentAgent(agent: Agent) {
	const { address, name, balance, createdAt, updatedAt, ...unknown } = agent;
	return withFurther(
		{
			address,
			name,
			...presentBalance(balance),
			createdAt: toIso(createdAt),
			updatedAt: toIso(updatedAt),
		},
		unknown,
	);
}
