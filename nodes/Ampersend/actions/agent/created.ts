import { getSettings } from '../../api/agentSettings';
import type { Client } from '../../api/client';
import { CallError, errorFor, withOutcome } from '../../api/errors';
import { shows } from '../../api/readBack';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import type { Address } from '../../domain/address';
import { compareAllowlists, isSame } from '../../domain/allowlist';
import { rethrow } from '../../domain/rethrow';
import type { SpendConfigInput } from '../../schemas/spendConfig';
import type { OperationContext } from '../operation';

type Read = typeof routes.getSpendingLimit | typeof routes.getAllowlist;

interface Check {
	/** Reads what an agent was created with. */
	route: Read;
	/** Whether the agent has it. */
	holds: () => Promise<boolean>;
	what: string;
	/** The operation that changes it. */
	operation: string;
}

/** @returns why it could not be checked */
async function run(client: Client, address: Address, check: Check): Promise<string | undefined> {
	const { route, holds, what, operation } = check;
	const call = callOf<Read['path']>(client, route, { path: { address } });
	const found = await holds().catch((error: unknown) =>
		error instanceof CallError ? error : rethrow(error),
	);
	if (found instanceof CallError) {
		return `This node could not check the ${what} of the new agent ${address}: ${found.message}`;
	}
	if (found) return undefined;
	const outcome = `The agent ${address} was created. Correct its ${what} with ${operation}.`;
	const isMade = { repeatable: false, mayBeMade: true };
	throw withOutcome(errorFor('notShown', {}, call), outcome, isMade);
}

/**
 * Makes sure that a new agent has its limits and its allowlist: the answer doesn't show them, and a
 * service drops what it doesn't know. A hint says where they can't be read.
 * @throws CallError if they can be read, and are others
 */
export async function requireCreatedWith(
	client: Client,
	address: Address,
	limits: SpendConfigInput | null,
	sellers: Address[] | null,
	hint: OperationContext['hint'],
): Promise<void> {
	const path = { address };
	const checks: Check[] = [];
	if (limits) {
		const route = routes.getSpendingLimit;
		const holds = async () =>
			shows((await getSettings(client, route, address, { path })) ?? {}, { ...limits });
		checks.push({ route, holds, what: 'spending limits', operation: 'Spending Limit: Update' });
	}
	if (sellers) {
		const route = routes.getAllowlist;
		const holds = async () =>
			isSame(compareAllowlists(sellers, await send(client, route, { path })));
		checks.push({ route, holds, what: 'allowlist', operation: 'Allowlist: Update' });
	}
	for (const check of checks) {
		const note = await run(client, address, check);
		if (note !== undefined) hint(note);
	}
}
