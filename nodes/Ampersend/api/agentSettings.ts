import type { Address } from '../domain/address';
import { agentExists } from './agents';
import { CallError } from './errors';
import type { AnswerOf, Route } from './routes';
import type { CallParameters, Client } from './send';
import { send } from './send';

/**
 * Reads settings that an agent may not have: the service then answers 404 (SDK). An unknown agent
 * or a wrong path prefix also answers 404, so the documented list of agents is read before the 404
 * counts as "not set".
 * @returns the settings, or undefined if the agent has none
 */
export async function getSettings<Path extends string, R extends Route<Path>>(
	client: Client,
	route: R & { path: Path },
	address: Address,
	parameters: CallParameters<Path>,
): Promise<AnswerOf<R> | undefined> {
	try {
		return await send<Path, R>(client, route, parameters);
	} catch (error) {
		if (
			error instanceof CallError &&
			error.status === 404 &&
			(await agentExists(client, address))
		) {
			return undefined;
		}
		return await Promise.reject(error);
	}
}

/** A hint for settings that count as "not set". @param what e.g. "spending limits" */
export function unsetHint(what: string, address: Address): string {
	return (
		`Ampersend has no ${what} for ${address} (HTTP 404), so this node shows them as not set. ` +
		"If the dashboard shows some, Ampersend doesn't offer this route, which this node assumes."
	);
}
