import { randomBytes } from 'node:crypto';
import { change } from './change.mts';
import type { Caller, Check, Input } from './check.mts';
import { sameValue } from './json.mts';
import { isOk } from './judge.mts';
import { offsetPaging } from './lists.mts';
import { readList } from './paging.mts';
import { moreIn } from './parts.mts';
import type { Answer } from './requests.mts';
import { settleSaved, settleShown } from './saved.mts';
import { rowsIn } from './shapes.mts';
import { addressOf, shortAddress } from './source';

/** An address whose key nobody has. */
export const newAddress = (): string => addressOf(randomBytes(32));

const KEY_NAME = 'contract-check';

/** Names of the field with an agent key. Source: SDK, management.ts, types.ts. */
const keyNames = ['agent_key_address', 'session_key_address'] as const;

const bodyWith = (field: string, key: string) => ({ [field]: key, key_name: KEY_NAME });

const hasValue = (row: Record<string, unknown>, value: string): boolean =>
	Object.values(row).some((one) => sameValue(one, value));

/** @returns undefined if the list can't be read whole: the agent has its first key in any case */
async function isListed(
	check: Check,
	user: Caller,
	params: Input['params'],
	key: string,
): Promise<boolean | undefined> {
	const query = { limit: offsetPaging.size, offset: offsetPaging.first };
	const answer = await check.send(user, 'listAgentKeys', { params, query });
	const rows = isOk(answer) ? (rowsIn(answer.body) ?? []) : [];
	if (rows.some((row) => hasValue(row, key))) return true;
	return rows.length > 0 && moreIn(answer) === undefined ? false : undefined;
}

async function addKey(
	check: Check,
	user: Caller,
	params: Input['params'],
	key: string,
): Promise<Answer> {
	const body = bodyWith(keyNames[0], key);
	const added = await change(check, user, 'addAgentKey', { params, body });
	if (added.status !== 400 && added.status !== 422) return added;
	const otherBody = bodyWith(keyNames[1], key);
	const other = await check.send(user, 'addAgentKey', { params, body: otherBody });
	if (!isOk(other)) return added;
	const text = `${keyNames[1]} is taken for ${keyNames[0]}`;
	check.find(user, 'addAgentKey', 'request', text, `what addAgentKey sends: ${keyNames[1]}`);
	return other;
}

/** @returns whether it's known to be gone: a list with the agent's other keys doesn't have it */
async function revokeKey(
	check: Check,
	user: Caller,
	params: { address: string },
	key: string,
): Promise<boolean> {
	const one = { params: { ...params, keyAddress: key } };
	const revoked = await change(check, user, 'revokeAgentKey', one);
	const isThere = await isListed(check, user, params, key);
	if (!isOk(revoked)) return isThere === false;
	const found = isThere ? 'still listed' : 'not listed';
	check.fact(user, 'revokeAgentKey', {
		part: 'answer',
		subject: 'the revoked key',
		assumed: 'not listed',
		found: isThere === undefined ? "a list that can't be read whole" : found,
		verdict: isThere === undefined ? 'unknown' : isThere ? 'differs' : 'fits',
		change: isThere ? 'how revokeAgentKey is told that it failed' : '',
	});
	return isThere === false;
}

/** Adds a key whose private key nobody has, and revokes it. */
export async function writeKeys(check: Check, user: Caller, address: string): Promise<void> {
	const params = { address };
	const key = newAddress();
	// Said even if the time of the run is over before it's revoked.
	const note = `agent key ${shortAddress(key)} of the agent that was made`;
	check.left.add(note);
	const added = await addKey(check, user, params, key);
	const rows = await readList(check, user, 'listAgentKeys', { params }, offsetPaging);
	const listed = check.resultOf(user, 'listAgentKeys');
	if (isOk(added)) {
		settleShown(check, user, 'addAgentKey', bodyWith(keyNames[0], key), added);
		const row = rows.find((one) => hasValue(one, key));
		const saved = { sent: { name: KEY_NAME }, read: row };
		if (listed) settleSaved(check, user, 'listAgentKeys', { ...saved, answer: listed });
	}
	const isThere = isOk(added) || (await isListed(check, user, params, key));
	const isGone = isThere ? await revokeKey(check, user, params, key) : isThere === false;
	if (isGone) check.left.delete(note);
}
