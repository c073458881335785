import type { Client } from '../../api/client';
import { withoutFinding, withoutRetry } from '../../api/client';
import { CallError } from '../../api/errors';
import { routes } from '../../api/routes';
import { send } from '../../api/send';
import type { Address } from '../../domain/address';
import { formatUsdc, isMicro } from '../../domain/money';
import { quote } from '../../domain/parameter';
import { rethrow } from '../../domain/rethrow';
import type { SpendConfig } from '../../schemas/spendConfig';
import type { OperationContext } from '../operation';

/** @returns the balance in micro-USDC, or as the service sent it */
async function readBalance(
	client: Client,
	address: Address,
): Promise<{ name: string; balance: string }> {
	if (client.connection.agent === undefined) {
		return await send(client, routes.getAgent, { path: { address } });
	}
	const { name, balance_usdc_micro: balance } = await send(client, routes.getSelf, { path: {} });
	return { name, balance };
}

/**
 * Shows a note if the balance doesn't last for the daily limit and isn't topped up. Only in a run
 * from the editor: somebody has to see the note for it to be worth a request.
 */
export async function noteLowBalance(
	{ n8n, client, hint }: OperationContext,
	address: Address,
	{ auto_topup_allowed: isToppedUp, daily_limit: limit }: SpendConfig,
): Promise<void> {
	if (n8n.getMode() !== 'manual' || isToppedUp || limit === null) return;
	try {
		const { name, balance } = await readBalance(withoutFinding(withoutRetry(client)), address);
		if (!isMicro(balance) || BigInt(balance) >= BigInt(limit)) return;
		hint(
			`${quote(name)} has ${formatUsdc(BigInt(balance))} USDC, less than its daily limit of ` +
				`${formatUsdc(BigInt(limit))} USDC, and auto top-up is off. ` +
				'Add USDC to the agent, or turn on auto top-up.',
		);
	} catch (error) {
		// The limits were read, and nobody asked for the balance.
		if (!(error instanceof CallError)) rethrow(error);
	}
}
