import pLimit from 'p-limit';
import { rethrow } from '../../domain/rethrow';

/** How many agents are read at the same time. */
const CONCURRENCY = 4;

/**
 * Reads several agents, a few at a time. After one throws, no other starts, and the error is thrown
 * once the running ones have ended: nothing continues in the background of a failed execution.
 */
export async function readAgents<Agent, Result>(
	agents: Agent[],
	read: (agent: Agent) => Promise<Result>,
): Promise<Result[]> {
	const atOnce = pLimit(CONCURRENCY);
	const results: Result[] = [];
	const thrown: unknown[] = [];
	await Promise.all(
		agents.map((agent, index) =>
			atOnce(async () => {
				if (thrown.length > 0) return;
				try {
					results[index] = await read(agent);
				} catch (error) {
					thrown.push(error);
				}
			}),
		),
	);
	return thrown.length > 0 ? rethrow(thrown[0]) : results;
}
