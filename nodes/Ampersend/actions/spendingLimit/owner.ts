import type { Client } from '../../api/client';
import { withoutFinding } from '../../api/client';
import { CallError } from '../../api/errors';
import { routes } from '../../api/routes';
import { send } from '../../api/send';
import type { Address } from '../../domain/address';
import { formatUsdc, isMicro } from '../../domain/money';
import { quote } from '../../domain/parameter';
import { rethrow } from '../../domain/rethrow';
import type { Agent } from '../../schemas/agent';
import type { SpendConfig } from '../../schemas/spendConfig';
import type { OperationContext } from '../operation';

type Owner = Pick<Agent, 'name' | 'balance'>;

async function requestOwner(client: Client, address: Address): Promise<Owner> {
	if (client.connection.agent === undefined) {
		return await send(client, routes.getAgent, { path: { address } });
	}
	const { name, balance_usdc_micro: balance } = await send(client, routes.getSelf, { path: {} });
	return { name, balance };
}

/**
 * Reads the name of an agent, and its balance in micro-USDC or as the service sent it.
 * @returns undefined with a note if they can't be read: the limits could
 */
export async function readOwner(
	{ client, hint }: OperationContext,
	address: Address,
): Promise<Owner | undefined> {
	try {
		return await requestOwner(withoutFinding(client), address);
	} catch (error) {
		if (!(error instanceof CallError)) rethrow(error);
		hint(`This node could not read the name and balance of ${address}: ${error.message}`);
		return undefined;
	}
}

/** Shows a note if the balance doesn't last for the daily limit and isn't topped up. */
export function noteLowBalance(
	{ hint }: Pick<OperationContext, 'hint'>,
	{ name, balance }: Owner,
	{ auto_topup_allowed: isToppedUp, daily_limit: limit }: SpendConfig,
): void {
	if (isToppedUp || limit === null) return;
	if (!isMicro(balance) || BigInt(balance) >= BigInt(limit)) return;
	hint(
		`${quote(name)} has ${formatUsdc(BigInt(balance))} USDC, less than its daily limit of ` +
			`${formatUsdc(BigInt(limit))} USDC, and auto top-up is off. ` +
			'Add USDC to the agent, or turn on auto top-up.',
	);
}
