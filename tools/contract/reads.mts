import { valueOf, type Caller, type Check } from './check.mts';
import { isOk } from './judge.mts';
import { numberIn, textIn } from './json.mts';
import type { RouteName } from './known.mts';
import { offsetPaging, readHistory, settleOrder } from './lists.mts';
import { readList } from './paging.mts';
import { kindOf, rowsIn } from './shapes.mts';
import { isRecord } from './source';

/** Enough agents to find one with settings and payments. */
const MAX_AGENTS = 5;

export const settings = ['getSpendingLimit', 'getAutoCollect'] as const;

function addressIn(row: unknown): string | undefined {
	if (!isRecord(row)) return undefined;
	const named = valueOf(row, 'address', 'address');
	const any = kindOf(named) === 'address' ? named : Object.values(row).find(isAddress);
	return isAddress(any) ? any : undefined;
}

const isSame = (one: string, other = ''): boolean => one.toLowerCase() === other.toLowerCase();

const isAddress = (value: unknown): value is string => kindOf(value) === 'address';

/** A credential with another last character: nobody's. */
export function mangled(token: string): string {
	return token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
}

async function settleStranger(
	check: Check,
	caller: Caller,
	name: RouteName,
	accepted: number[],
): Promise<void> {
	const { token = '' } = caller;
	check.secrets.add(mangled(token));
	const { status } = await check.send({ ...caller, token: mangled(token) }, name, {});
	const isKnown = status > 0;
	const fits = accepted.includes(status);
	check.fact(caller, name, {
		part: 'answer',
		subject:
			caller.as === 'agent' ? 'status of a token that is not valid' : 'status of a wrong key',
		assumed: accepted.join(' or '),
		found: isKnown ? String(status) : 'no answer',
		verdict: !isKnown ? 'unknown' : fits ? 'fits' : 'differs',
		change: isKnown && !fits ? `what a rejected credential is told by: ${status}` : '',
	});
}

/** The agent with most transactions among the first ones: there is most to see. */
async function busiest(check: Check, user: Caller, agents: string[]): Promise<string> {
	let [best = '', most] = [agents[0], -1];
	for (const address of agents.slice(0, MAX_AGENTS)) {
		const query = { preset: 'all', limit: 2, page: 1 };
		const answer = await check.send(user, 'listActivity', { params: { address }, query });
		const count = isOk(answer) ? (rowsIn(answer.body)?.length ?? 0) : 0;
		if (count > most) [best, most] = [address, count];
		if (count > 1 || !isOk(answer)) return best;
	}
	return best;
}

/**
 * Reads what a user can, with an API key.
 * @param own the agent whose session is checked, too
 */
export async function readAsUser(
	check: Check,
	user: Caller,
	own: string | undefined,
): Promise<void> {
	const rows = await readList(check, user, 'listAgents', {}, offsetPaging);
	const listed = check.resultOf(user, 'listAgents');
	if (!listed || listed.status === 401) {
		check.stopped.push(
			'AMPERSEND_API_KEY: Ampersend rejects the key (401). It may be revoked, or of another ' +
				'deployment than AMPERSEND_API_URL. Create one in the dashboard, under API Keys.',
		);
		return;
	}
	settleOrder(
		check,
		user,
		'listAgents',
		rows.map((row) => numberIn(valueOf(row, 'createdAt'))),
		false,
	);
	if (isOk(listed)) await settleStranger(check, user, 'listAgents', [401]);
	const agents = rows.flatMap((row) => addressIn(row) ?? []);
	if (agents.length === 0) return;
	const address = agents.length === 1 ? (agents[0] ?? '') : await busiest(check, user, agents);
	const params = { address };
	await check.ask(user, 'getAgent', { params });
	await readList(check, user, 'listAgentKeys', { params }, offsetPaging);
	await check.ask(user, 'getAllowlist', { params });
	for (const name of settings) {
		const others = agents.filter((agent) => agent !== address);
		// One with settings and one without, if there are.
		const statuses = new Set<number>();
		const read = [address, ...others].slice(0, MAX_AGENTS);
		for (const agent of new Set([...read, ...agents.filter((one) => isSame(one, own))])) {
			const input = { params: { address: agent }, canBeUnset: true };
			const answer = await check.ask(user, name, input);
			statuses.add(answer.status);
			if (statuses.size > 1 || !(isOk(answer) || answer.status === 404)) break;
		}
	}
	await readHistory(check, user, { params });
}

/** Settings that an agent has in its session, and whose route for users answers 404. */
export function settleUnset(check: Check, user: Caller, agent: Caller): void {
	for (const name of settings) {
		const [ofUser, ofAgent] = [check.resultOf(user, name), check.resultOf(agent, name)];
		if (ofUser?.status !== 404 || !ofAgent || !isOk(ofAgent)) continue;
		const text = "404 below every prefix, and the agent's session has what is set";
		check.find(user, name, 'path', text, `routes.ts, ${name}.path: another one`);
	}
}

const idIn = (body: unknown): string => {
	const row = rowsIn(body)?.[0];
	return row ? textIn(valueOf(row, 'id')) : '';
};

/** Reads what an agent can in its session. */
export async function readAsAgent(check: Check, agent: Caller): Promise<void> {
	await check.ask(agent, 'getSelf');
	await settleStranger(check, agent, 'getSelf', [401, 403]);
	await check.ask(agent, 'getOwner');
	await check.ask(agent, 'getFundingLink', { query: { amount: '1', destination: 'agent' } });
	await check.ask(agent, 'getAllowlist');
	for (const name of settings) await check.ask(agent, name, { canBeUnset: true });
	await readHistory(check, agent, {});
	const found = await check.ask(agent, 'searchMarketplace');
	const listing = idIn(found.body);
	const anyone: Caller = { as: 'anyone', bases: agent.bases };
	await check.ask(anyone, 'listListings');
	if (listing !== '') await check.ask(anyone, 'getListing', { params: { id: listing } });
	const { agent: address = '' } = agent;
	const endpoints = await check.ask(agent, 'listHostedEndpoints', { params: { address } });
	const endpoint = isOk(endpoints) ? idIn(endpoints.body) : '';
	const params = { address, id: endpoint };
	if (endpoint !== '') await check.ask(agent, 'getHostedEndpoint', { params });
}
