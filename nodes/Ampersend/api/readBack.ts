import { CallError } from './errors';
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
		const { message, description, cause } = error;
		return await Promise.reject(
			new CallError({
				...error,
				message,
				description: `The change was accepted. ${check} ${description}`,
				repeatable: false,
				mayBeMade: true,
				cause,
			}),
		);
	}
}
