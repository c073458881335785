import type { Caller, Check, Input } from './check.mts';
import { textIn } from './json.mts';
import { isOk } from './judge.mts';
import { moreIn } from './parts.mts';
import { rowsIn } from './shapes.mts';
import { isRecord } from './source';
import { change } from './change.mts';

type Row = Record<string, unknown>;

/** Its id under that very name: one with a similar name can be that of something else. */
const idOf = ({ id }: Row): string => textIn(id);

const endpointNamed = (name: string, agent: string) => ({
	agent_address: agent,
	name,
	price_usd: 0.01,
	proxy_url: 'https://example.com/contract-check',
	allowed_methods: ['GET'],
	description: 'Made by npm run contract',
});

const header = 'X-Contract-Check';

async function changeOne(check: Check, caller: Caller, params: Input['params']): Promise<void> {
	const named = { ...params, name: header };
	await check.ask(caller, 'getHostedEndpoint', { params });
	await change(check, caller, 'updateHostedEndpoint', { params, body: { enabled: false } });
	const proxied = { name: header, value: 'contract-check' };
	await change(check, caller, 'addProxyHeader', { params, body: proxied });
	await change(check, caller, 'removeProxyHeader', { params: named });
	const required = { name: header, value: '' };
	await change(check, caller, 'addRequiredHeader', { params, body: required });
	await change(check, caller, 'removeRequiredHeader', { params: named });
	await change(check, caller, 'testHostedEndpoint', { params });
	const rotated = await change(check, caller, 'rotateSigningSecret', { params });
	for (const value of isRecord(rotated.body) ? Object.values(rotated.body) : []) {
		if (typeof value === 'string') check.secrets.add(value);
	}
}

/** @returns undefined if they can't be read whole */
async function allEndpoints(
	check: Check,
	caller: Caller,
	params: Input['params'],
): Promise<Row[] | undefined> {
	const answer = await check.ask(caller, 'listHostedEndpoints', { params });
	const isWhole = isOk(answer) && moreIn(answer) === undefined;
	return isWhole ? rowsIn(answer.body) : undefined;
}

/**
 * Creates hosted endpoints, calls all of their routes, and deletes them: only those that weren't
 * listed before, and are listed then under the names that were sent.
 */
export async function writeEndpoints(check: Check, caller: Caller, mark: string): Promise<void> {
	const { agent: address = '' } = caller;
	const params = { address };
	const named = `contract-check ${mark}`;
	const bodyFor = (name: string) => endpointNamed(`${named} ${name}`, address);
	const before = await allEndpoints(check, caller, params);
	if (!before) {
		check.stopped.push("The hosted endpoints can't be read whole, so none was created");
		return;
	}
	// Said even if the time of the run is over before they're deleted.
	const note = `hosted endpoints named contract-check ${mark}`;
	check.left.add(note);
	const first = bodyFor('one');
	await change(check, caller, 'createHostedEndpoint', { params, body: first });
	const second = bodyFor('two');
	const bulk = { endpoints: [second] };
	await change(check, caller, 'createHostedEndpoints', { params, body: bulk });
	const after = await allEndpoints(check, caller, params);
	const known = new Set(['', ...before.map(idOf)]);
	const isOwn = (row: Row): boolean =>
		(row['name'] === first.name || row['name'] === second.name) && !known.has(idOf(row));
	const own = (after ?? []).filter(isOwn);
	const one = own.find(({ name }) => name === first.name);
	if (one) await changeOne(check, caller, { ...params, id: idOf(one) });
	for (const row of own) {
		const input = { params: { ...params, id: idOf(row) } };
		await change(check, caller, 'deleteHostedEndpoint', input);
	}
	const left = await allEndpoints(check, caller, params);
	if (left && !left.some((row) => textIn(row['name']).startsWith(named))) check.left.delete(note);
}
