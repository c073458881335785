import { randomBytes } from 'node:crypto';
import { readAgentAccess, type AgentAccess } from './agent.mts';
import { newAddress, writeKeys } from './agentKeys.mts';
import { newSettings, settleCreated, settleUnset, writeSettings } from './agentSettings.mts';
import { change } from './change.mts';
import { valueOf, type Caller, type Check } from './check.mts';
import { isOk, shownStatus } from './judge.mts';
import type { RouteName } from './known.mts';
import { agentMade, allAgents } from './newAgent.mts';
import type { Answer } from './requests.mts';
import { settleSaved, settleShown } from './saved.mts';
import { isRecord, addressOf, shortAddress, type Connection } from './source';

async function rename(
	check: Check,
	user: Caller,
	params: { address: string },
	name: string,
): Promise<void> {
	const renamed = await change(check, user, 'updateAgent', { params, body: { name } });
	const read = await check.ask(user, 'getAgent', { params });
	if (!isOk(renamed)) return;
	settleShown(check, user, 'updateAgent', { name }, renamed);
	settleSaved(check, user, 'getAgent', { sent: { name }, read: read.body, answer: read });
}

/** An agent without settings was created before. */
function settleRefused(check: Check, user: Caller, created: Answer): void {
	check.fact(user, 'createAgent', {
		part: 'request',
		subject: 'spend_config, authorized_sellers',
		assumed: 'taken',
		found: shownStatus(created),
		verdict: 'differs',
		change: 'what createAgent sends for limits and sellers',
	});
}

/**
 * Creates an agent, with a name that no other has.
 * @returns its address; undefined if it isn't known which one it is, and `check` has the reason
 */
async function createAgent(
	check: Check,
	user: Caller,
	sent: { agent_key_address: string; spend_config: unknown; authorized_sellers: unknown },
): Promise<{ address: string; name: string } | undefined> {
	const name = `contract-check ${randomBytes(3).toString('hex')}`;
	const before = await allAgents(check, user);
	if (!before) {
		check.stopped.push("GET /agents can't be read whole, so nothing was written");
		return undefined;
	}
	// Said even if the time of the run is over before it's found.
	const note = `perhaps an agent named ${name}: look for it in the dashboard`;
	check.left.add(note);
	const created = await change(check, user, 'createAgent', { body: { ...sent, name } });
	const made = await agentMade(check, user, { before, name, created });
	if ('reason' in made) {
		const isRefused = created.status >= 400 && created.status < 500;
		if (isRefused) check.left.delete(note);
		if (isRefused && sent.spend_config !== null) settleRefused(check, user, created);
		check.stopped.push(`POST /agents: ${made.reason}, so nothing else was written`);
		return undefined;
	}
	check.left.delete(note);
	check.left.add(`agent ${shortAddress(made.address)}: no route deletes an agent`);
	return { address: made.address, name };
}

/** Another agent, as the first one shows what is answered where nothing is set. */
async function createWithSettings(check: Check, user: Caller): Promise<void> {
	const settings = newSettings();
	const made = await createAgent(check, user, { agent_key_address: newAddress(), ...settings });
	if (made) await settleCreated(check, user, made.address, settings);
}

/**
 * Writes with an API key: only to agents that it creates.
 * @returns how to act as the first of them; undefined if it couldn't be created
 */
export async function writeAsUser(
	check: Check,
	user: Caller,
	{ agentBaseUrl }: Connection,
): Promise<AgentAccess | undefined> {
	const privateKey = randomBytes(32);
	check.secrets.add(privateKey.toString('hex'));
	const made = await createAgent(check, user, {
		agent_key_address: addressOf(privateKey),
		spend_config: null,
		authorized_sellers: null,
	});
	if (!made) return undefined;
	const { address, name } = made;
	const params = { address };
	const steps: Array<[RouteName, () => Promise<void>]> = [
		['updateAgent', async () => await rename(check, user, params, `${name} renamed`)],
		['getSpendingLimit', async () => await settleUnset(check, user, params)],
		['addAgentKey', async () => await writeKeys(check, user, address)],
		['setSpendingLimit', async () => await writeSettings(check, user, address)],
		['createAgent', async () => await createWithSettings(check, user)],
	];
	for (const [route, take] of steps) await check.step(user, route, take);
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
