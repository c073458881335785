import { valueOf, type Caller, type Check, type Input } from './check.mts';
import { isOk } from './judge.mts';
import type { Answer } from './requests.mts';
import { rowsIn } from './shapes.mts';
import { isRecord } from './source';
import { change } from './writes.mts';

const idOf = (row: unknown): string => {
	const id = isRecord(row) ? valueOf(row, 'id') : undefined;
	return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
};

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

/** Creates hosted endpoints, calls all of their routes, and deletes them. */
export async function writeEndpoints(check: Check, caller: Caller, mark: string): Promise<void> {
	const { agent: address = '' } = caller;
	const params = { address };
	const named = `contract-check ${mark}`;
	const bodyFor = (name: string) => endpointNamed(`${named} ${name}`, address);
	const listIn = (answer: Answer) => (isOk(answer) ? (rowsIn(answer.body) ?? []) : []);
	const body = bodyFor('one');
	// Said even if the time of the run is over before they're deleted.
	const note = `hosted endpoints named contract-check ${mark}`;
	check.left.add(note);
	const created = await change(check, caller, 'createHostedEndpoint', { params, body });
	const first = isOk(created) ? idOf(created.body) : '';
	const bulk = { endpoints: [bodyFor('two')] };
	const more = await change(check, caller, 'createHostedEndpoints', { params, body: bulk });
	const listed = await check.ask(caller, 'listHostedEndpoints', { params });
	if (first !== '') await changeOne(check, caller, { ...params, id: first });
	const rows = [...listIn(more), ...listIn(listed)];
	const own = rows.filter((row) => String(valueOf(row, 'name')).startsWith(named));
	const ids = new Set([first, ...own.map(idOf)].filter((id) => id !== ''));
	let deleted = 0;
	for (const id of ids) {
		const one = { params: { ...params, id } };
		if (isOk(await change(check, caller, 'deleteHostedEndpoint', one))) deleted += 1;
	}
	const mayBeLost = ![created, more, listed].every(isOk);
	if (deleted === ids.size && !mayBeLost) check.left.delete(note);
}
