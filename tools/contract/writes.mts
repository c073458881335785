import { randomBytes } from 'node:crypto';
import { readAgentAccess, type AgentAccess } from './agent.mts';
import { valueOf, type Caller, type Check, type Input } from './check.mts';
import { isOk } from './judge.mts';
import type { RouteName } from './known.mts';
import { offsetPaging } from './lists.mts';
import { readList } from './paging.mts';
import { settings } from './reads.mts';
import type { Answer } from './requests.mts';
import { kindOf, rowsIn } from './shapes.mts';
import { isRecord, addressOf, shortAddress, type Connection } from './source';

type Rows = Array<Record<string, unknown>>;

/** Never DELETE: what that would remove isn't known. */
const otherVerbs = ['PUT', 'PATCH', 'POST'];

/** An address whose key nobody has. */
const newAddress = (): string => addressOf(randomBytes(32));

const KEY_NAME = 'contract-check';

/** Names of the field with an agent key. Source: SDK, management.ts, types.ts. */
const keyNames = ['agent_key_address', 'session_key_address'] as const;

/** Writes. Where the service doesn't know the method, it tries the others that it may be. */
export async function change(
	check: Check,
	caller: Caller,
	name: RouteName,
	input: Input,
): Promise<Answer> {
	const answer = await check.ask(caller, name, input);
	const first = check.resultOf(caller, name);
	if (!first || (answer.status !== 404 && answer.status !== 405)) return answer;
	const [own = ''] = first.call.split(' ', 1);
	if (own === 'DELETE') return answer;
	const possible = answer.allow.length > 0 ? answer.allow : otherVerbs;
	for (const method of possible) {
		if (method === own || !otherVerbs.includes(method)) continue;
		const other = await check.ask(caller, name, { ...input, method });
		if (!isOk(other)) continue;
		const text = `${method} is taken, ${own} is answered with ${answer.status}`;
		check.find(caller, name, 'method', text, `routes.ts, ${name}.method: '${method}'`);
		return other;
	}
	check.restore(first);
	return answer;
}

/** Whether what is read afterwards has what was set. */
function settleSaved(
	check: Check,
	caller: Caller,
	name: RouteName,
	sent: object,
	read: unknown,
): void {
	const lost = Object.entries(sent).filter(
		([field, value]) => !isRecord(read) || !sameValue(valueOf(read, field), value),
	);
	const names = lost.map(([field]) => field).join(', ');
	check.fact(caller, name, {
		part: 'answer',
		subject: 'what was set is read',
		assumed: 'the same values',
		found: lost.length === 0 ? 'the same values' : `other values: ${names}`,
		verdict: lost.length === 0 ? 'fits' : 'differs',
		change: lost.length === 0 ? '' : `the units or the body of the write that ${name} follows`,
	});
}

function sameValue(one: unknown, other: unknown): boolean {
	return typeof one === 'string' && typeof other === 'string'
		? one.toLowerCase() === other.toLowerCase()
		: one === other;
}

async function settleUnset(check: Check, user: Caller, params: Input['params']): Promise<void> {
	for (const name of settings) {
		const answer = await check.ask(user, name, { params, canBeUnset: true });
		const { status } = answer;
		if (status !== 404 && !isOk(answer)) continue;
		const verdict = status === 404 ? 'fits' : 'differs';
		check.fact(user, name, {
			part: 'answer',
			subject: 'nothing is set',
			assumed: 'HTTP 404',
			found: `HTTP ${status}`,
			verdict,
			change: verdict === 'differs' ? `api/agentSettings.ts: HTTP ${status} for none set` : '',
		});
	}
}

async function writeKeys(check: Check, user: Caller, address: string): Promise<void> {
	const params = { address };
	const key = newAddress();
	const bodyWith = (field: string) => ({ [field]: key, key_name: KEY_NAME });
	// Said even if the time of the run is over before it's revoked.
	const note = `agent key ${shortAddress(key)} of the agent that was made`;
	check.left.add(note);
	let added = await change(check, user, 'addAgentKey', { params, body: bodyWith(keyNames[0]) });
	if (added.status === 400 || added.status === 422) {
		const body = bodyWith(keyNames[1]);
		const other = await check.send(user, 'addAgentKey', { params, body });
		if (isOk(other)) {
			const text = `${keyNames[1]} is taken for ${keyNames[0]}`;
			check.find(user, 'addAgentKey', 'request', text, `what addAgentKey sends: ${keyNames[1]}`);
			added = other;
		}
	}
	const rows = await readList(check, user, 'listAgentKeys', { params }, offsetPaging);
	const row = rows.find((one) => Object.values(one).some((value) => sameValue(value, key)));
	// The agent has its first key in any case, so an empty list is one that couldn't be read.
	if (rows.length > 0 && row === undefined) check.left.delete(note);
	if (!isOk(added)) return;
	settleSaved(check, user, 'listAgentKeys', { name: KEY_NAME }, row);
	const revoked = await change(check, user, 'revokeAgentKey', {
		params: { ...params, keyAddress: key },
	});
	if (isOk(revoked)) check.left.delete(note);
}

async function writeSettings(check: Check, user: Caller, address: string): Promise<void> {
	const params = { address };
	const seller = newAddress();
	const body = { authorized_sellers: [seller] };
	const replaced = await change(check, user, 'replaceAllowlist', { params, body });
	const list = await check.ask(user, 'getAllowlist', { params });
	const entries: unknown = Object.values(isRecord(list.body) ? list.body : {}).find(Array.isArray);
	const [entry]: unknown[] = Array.isArray(list.body)
		? list.body
		: Array.isArray(entries)
			? entries
			: [];
	if (isOk(replaced) && isOk(list))
		settleSaved(check, user, 'getAllowlist', { seller }, { seller: entry });
	await change(check, user, 'replaceAllowlist', { params, body: { authorized_sellers: [] } });
	const limits = {
		auto_topup_allowed: false,
		daily_limit: '2000000',
		monthly_limit: null,
		per_transaction_limit: '500000',
	};
	const collect = {
		enabled: false,
		target_address: seller,
		threshold: '5000000',
		minimum_remaining: null,
	};
	const both = [
		['setSpendingLimit', 'getSpendingLimit', limits],
		['setAutoCollect', 'getAutoCollect', collect],
	] as const;
	for (const [set, get, sent] of both) {
		const written = await change(check, user, set, { params, body: sent });
		const canBeUnset = !isOk(written);
		const read = await check.ask(user, get, { params, canBeUnset });
		if (isOk(written) && isOk(read)) settleSaved(check, user, get, sent, read.body);
	}
}

/** The agent that was created. An answer can be lost, or have no address: the name is unique. */
async function addressMade(
	check: Check,
	user: Caller,
	name: string,
	answered: Rows,
): Promise<string | undefined> {
	const addressIn = (row: Rows[number] | undefined): string | undefined => {
		const value = row && valueOf(row, 'address', 'address');
		return kindOf(value) === 'address' ? String(value) : undefined;
	};
	const found = addressIn(answered[0]);
	if (found !== undefined) return found;
	const listed = await check.send(user, 'listAgents', { query: { limit: 100, offset: 0 } });
	const rows = isOk(listed) ? (rowsIn(listed.body) ?? []) : [];
	return addressIn(rows.find((row) => valueOf(row, 'name') === name));
}

/**
 * Writes with an API key: only to an agent that it creates.
 * @returns how to act as that agent; undefined if it couldn't be created
 */
export async function writeAsUser(
	check: Check,
	user: Caller,
	{ agentBaseUrl }: Connection,
): Promise<AgentAccess | undefined> {
	const privateKey = randomBytes(32);
	check.secrets.add(privateKey.toString('hex'));
	const body = {
		agent_key_address: addressOf(privateKey),
		name: `contract-check ${randomBytes(3).toString('hex')}`,
		spend_config: null,
		authorized_sellers: null,
	};
	const created = await change(check, user, 'createAgent', { body });
	const answered = isOk(created) && isRecord(created.body) ? [created.body] : [];
	const address = await addressMade(check, user, body.name, answered);
	if (address === undefined) {
		check.stopped.push(
			`POST /agents: HTTP ${created.status} and no agent, so nothing else was written`,
		);
		return undefined;
	}
	check.left.add(`agent ${shortAddress(address)}: no route deletes an agent`);
	const params = { address };
	const name = `${body.name} renamed`;
	const renamed = await change(check, user, 'updateAgent', { params, body: { name } });
	const read = await check.ask(user, 'getAgent', { params });
	if (isOk(renamed) && isOk(read)) settleSaved(check, user, 'getAgent', { name }, read.body);
	await settleUnset(check, user, params);
	await writeKeys(check, user, address);
	await writeSettings(check, user, address);
	return readAgentAccess(privateKey.toString('hex'), address, agentBaseUrl);
}

/** Requests an approval that nobody opens: it does nothing. */
export async function writeAsAnyone(check: Check, bases: string[]): Promise<void> {
	const anyone: Caller = { as: 'anyone', bases };
	const body = {
		session_key_address: newAddress(),
		name: 'contract-check',
		key_name: 'contract-check',
		mode: 'create',
	};
	const requested = await change(check, anyone, 'requestApproval', { body });
	const token = isRecord(requested.body) ? valueOf(requested.body, 'token') : undefined;
	if (!isOk(requested) || typeof token !== 'string' || token === '') return;
	check.secrets.add(token);
	check.left.add('a request for approval: it does nothing unless someone opens it');
	await check.ask(anyone, 'getApproval', { params: { token } });
}
