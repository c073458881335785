import { isMicro } from '../domain/money';
import { quote } from '../domain/parameter';
import type { Agent } from '../schemas/agent';
import type { OperationContext } from './operation';

/**
 * Shows a note if a balance isn't in the unit that the output assumes.
 * @param remark what that means for who compares it
 */
export function noteBalances(
	agents: Array<Pick<Agent, 'name' | 'balance'>>,
	hint: OperationContext['hint'],
	remark = '',
): void {
	const other = agents.find(({ balance }) => !isMicro(balance));
	if (!other) return;
	hint(
		`The balance of ${quote(other.name)} is ${quote(other.balance)}, which isn't in whole ` +
			'micro-USDC. Without Simplify, the output has it as "balance". ' +
			`${remark}A newer version of n8n-nodes-ampersend may know it.`,
	);
}
