import type { Address } from '../domain/address';
import { agentExists } from './agents';
import { CallError } from './errors';
import type { AnswerOf, Route } from './routes';
import type { Client, CallParameters } from './send';
import { send } from './send';

/**
 * Reads settings that an agent may not have: the service answers 404 then (SDK). The same 404 would
 * come for an unknown agent or a wrong path prefix, so the documented list of agents is asked
 * before it is believed.
 * @returns the settings, or undefined where the agent has none
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

/** A note for what was read as "none set". @param what the settings, in the plural */
export function unsetHint(what: string, address: Address): string {
	return `The service has no ${what} of ${address} (HTTP 404). This is read as "none set"; if the dashboard shows some, the service does not offer this route, which is an assumption of this node.`;
}
