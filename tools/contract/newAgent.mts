import type { Caller, Check } from './check.mts';
import { isOk, shownStatus } from './judge.mts';
import { moreIn } from './parts.mts';
import type { Answer } from './requests.mts';
import { kindOf, rowsIn } from './shapes.mts';
import { isRecord, sameAddress } from './source';

/** By their addresses in lower case. */
export type Agents = ReadonlyMap<string, { address: string; name: unknown }>;

/** Fewer than the package asks for at once: a service may reject that many. */
const LIMIT = 50;

/** Its address under that very name: one with a similar name can be another agent's. */
function addressIn(row: unknown): string | undefined {
	const address = isRecord(row) ? row['address'] : undefined;
	return kindOf(address) === 'address' ? String(address) : undefined;
}

/**
 * Reads the agents, page by page until one has no new agent.
 * @returns undefined if they can't be read whole
 */
export async function allAgents(check: Check, user: Caller): Promise<Agents | undefined> {
	const agents = new Map<string, { address: string; name: unknown }>();
	for (;;) {
		const query = { limit: LIMIT, offset: agents.size };
		const answer = await check.send(user, 'listAgents', { query });
		const rows = isOk(answer) ? rowsIn(answer.body) : undefined;
		if (rows === undefined) return undefined;
		const before = agents.size;
		for (const row of rows) {
			const address = addressIn(row);
			if (address === undefined) return undefined;
			agents.set(address.toLowerCase(), { address, name: row['name'] });
		}
		if (agents.size > before) continue;
		const others = agents.size - rows.length;
		return moreIn(answer, Infinity, others) === undefined ? agents : undefined;
	}
}

/** The agent that was created, or why it isn't known. */
type Made = { address: string } | { reason: string };

/**
 * The agent that `POST /agents` created: one that wasn't listed before, and is listed now under the
 * unique name that was sent. Its answer alone is no proof.
 */
export async function agentMade(
	check: Check,
	user: Caller,
	{ before, name, created }: { before: Agents; name: string; created: Answer },
): Promise<Made> {
	const after = await allAgents(check, user);
	if (!after) return { reason: "the list of agents can't be read whole" };
	const isMade = ([key, agent]: [string, { name: unknown }]) =>
		agent.name === name && !before.has(key);
	const [one, ...more] = [...after].filter(isMade).map(([, agent]) => agent);
	if (one === undefined || more.length > 0) {
		const listed = more.length > 0 ? 'several new agents' : 'no new agent';
		return { reason: `${shownStatus(created)}, and GET /agents lists ${listed} of the name sent` };
	}
	const answered = addressIn(created.body);
	if (answered === undefined || sameAddress(answered, one.address)) return one;
	const text = 'has the address of another agent than the one that was created';
	check.find(user, 'createAgent', 'answer', text, 'what createAgent reads as the new agent');
	return { reason: `the answer ${text}` };
}
