import pLimit from 'p-limit';

/** Agents read at the same time. */
const CONCURRENCY = 4;

/**
 * Reads several agents, a few at a time. After the first that throws no other is begun, and it is
 * thrown when those under way have ended: nothing goes on behind a failed execution.
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
	return thrown.length > 0 ? await Promise.reject(thrown[0]) : results;
}
