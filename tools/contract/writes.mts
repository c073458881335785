import { randomBytes } from 'node:crypto';
import { readAgentAccess, type AgentAccess } from './agent.mts';
import { newAddress, writeKeys } from './agentKeys.mts';
import { settleUnset, writeSettings } from './agentSettings.mts';
import { change } from './change.mts';
import { valueOf, type Caller, type Check } from './check.mts';
import { isOk } from './judge.mts';
import { agentMade, allAgents } from './newAgent.mts';
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
	if (isOk(read)) settleSaved(check, user, 'getAgent', { name }, read.body);
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
	const before = await allAgents(check, user);
	if (!before) {
		check.stopped.push("GET /agents can't be read whole, so nothing was written");
		return undefined;
	}
	// Said even if the time of the run is over before it's found.
	const note = `perhaps an agent named ${body.name}: look for it in the dashboard`;
	check.left.add(note);
	const created = await change(check, user, 'createAgent', { body });
	const made = await agentMade(check, user, { before, name: body.name, created });
	if ('reason' in made) {
		const isRefused = created.status >= 400 && created.status < 500;
		if (isRefused) check.left.delete(note);
		check.stopped.push(`POST /agents: ${made.reason}, so nothing else was written`);
		return undefined;
	}
	const { address } = made;
	check.left.delete(note);
	check.left.add(`agent ${shortAddress(address)}: no route deletes an agent`);
	const params = { address };
	await rename(check, user, params, `${body.name} renamed`);
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
