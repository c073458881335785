import { CallError, withOutcome } from './errors';
import type { Route } from './routes';

/**
 * Reads what a write has changed, where its answer doesn't show it.
 * @throws CallError that says, too, that the change was accepted
 */
export async function readBack<Result>(
	{ check = '' }: Route,
	read: () => Promise<Result>,
): Promise<Result> {
	try {
		return await read();
	} catch (error) {
		if (!(error instanceof CallError)) return await Promise.reject(error);
		const outcome = `The change was accepted. ${check}`;
		const isMade = { repeatable: false, mayBeMade: true };
		return await Promise.reject(withOutcome(error, outcome, isMade));
	}
}
