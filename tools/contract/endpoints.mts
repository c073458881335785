import { valueOf, type Caller, type Check, type Input } from './check.mts';
import { sameValue, textIn } from './json.mts';
import { isOk } from './judge.mts';
import type { RouteName } from './known.mts';
import { moreIn } from './parts.mts';
import { settleSaved } from './saved.mts';
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

const hasHeader = (names: unknown): unknown =>
	Array.isArray(names) ? names.some((name) => sameValue(name, header)) : undefined;

/** Writes to an endpoint, and the field that shows each one. */
const changes: ReadonlyArray<{
	name: RouteName;
	body?: object;
	isNamed?: true;
	field: string;
	sent: boolean;
}> = [
	{ name: 'updateHostedEndpoint', body: { enabled: false }, field: 'enabled', sent: false },
	{
		name: 'addProxyHeader',
		body: { name: header, value: 'contract-check' },
		field: 'proxy_header_names',
		sent: true,
	},
	{ name: 'removeProxyHeader', isNamed: true, field: 'proxy_header_names', sent: false },
	{
		name: 'addRequiredHeader',
		body: { name: header, value: '' },
		field: 'required_header_names',
		sent: true,
	},
	{ name: 'removeRequiredHeader', isNamed: true, field: 'required_header_names', sent: false },
];

async function changeOne(check: Check, caller: Caller, params: Input['params']): Promise<void> {
	await check.ask(caller, 'getHostedEndpoint', { params });
	for (const { name, body, isNamed, field, sent } of changes) {
		const input = { params: { ...params, ...(isNamed && { name: header }) }, body };
		const written = await change(check, caller, name, input);
		const answer = await check.ask(caller, 'getHostedEndpoint', { params });
		const value = isRecord(answer.body) ? valueOf(answer.body, field) : undefined;
		const read = field === 'enabled' ? value : hasHeader(value);
		// What is no boolean, and no list of names, is a finding of the read.
		if (!isOk(written) || typeof read !== 'boolean') continue;
		settleSaved(check, caller, name, { sent: { [field]: sent }, read: { [field]: read }, answer });
	}
	await change(check, caller, 'testHostedEndpoint', { params });
	const rotated = await change(check, caller, 'rotateSigningSecret', { params });
	for (const value of isRecord(rotated.body) ? Object.values(rotated.body) : []) {
		if (typeof value === 'string') check.secrets.add(value);
	}
}

/** Whether the list shows what a write did. */
function settleListed(
	check: Check,
	caller: Caller,
	name: RouteName,
	{ assumed, isListed }: { assumed: boolean; isListed: boolean },
): void {
	const shown = (is: boolean): string => (is ? 'listed' : 'not listed');
	const fits = assumed === isListed;
	check.fact(caller, name, {
		part: 'answer',
		subject: `what was ${assumed ? 'created' : 'deleted'}`,
		assumed: shown(assumed),
		found: shown(isListed),
		verdict: fits ? 'fits' : 'differs',
		change: fits ? '' : `how ${name} is told that it failed`,
	});
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

async function deleteOnes(
	check: Check,
	caller: Caller,
	params: Input['params'],
	ids: string[],
): Promise<void> {
	for (const id of ids) {
		const input = { params: { ...params, id } };
		const deleted = await change(check, caller, 'deleteHostedEndpoint', input);
		const left = isOk(deleted) ? await allEndpoints(check, caller, params) : undefined;
		const isListed = left?.some((row) => idOf(row) === id);
		if (isListed === undefined) continue;
		settleListed(check, caller, 'deleteHostedEndpoint', { assumed: false, isListed });
	}
}

/**
 * Creates hosted endpoints, calls all of their routes, and deletes them: only those that weren't
 * listed before, and are listed then under the names that were sent.
 */
export async function writeEndpoints(check: Check, caller: Caller, mark: string): Promise<void> {
	const { agent: address = '' } = caller;
	const params = { address };
	const prefix = `contract-check ${mark}`;
	const bodyFor = (name: string) => endpointNamed(`${prefix} ${name}`, address);
	const before = await allEndpoints(check, caller, params);
	if (!before) {
		check.stopped.push("The hosted endpoints can't be read whole, so none was created");
		return;
	}
	// Said even if the time of the run is over before they're deleted.
	const note = `hosted endpoints named contract-check ${mark}`;
	check.left.add(note);
	const first = bodyFor('one');
	const made = await change(check, caller, 'createHostedEndpoint', { params, body: first });
	const second = bodyFor('two');
	const bulk = { endpoints: [second] };
	const bulkMade = await change(check, caller, 'createHostedEndpoints', { params, body: bulk });
	const after = await allEndpoints(check, caller, params);
	const known = new Set(['', ...before.map(idOf)]);
	const isOwn = (row: Row): boolean =>
		(row['name'] === first.name || row['name'] === second.name) && !known.has(idOf(row));
	const own = (after ?? []).filter(isOwn);
	const named = (name: string) => own.find((row) => row['name'] === name);
	for (const [answer, route, { name }] of [
		[made, 'createHostedEndpoint', first],
		[bulkMade, 'createHostedEndpoints', second],
	] as const) {
		const isListed = named(name) !== undefined;
		if (isOk(answer) && after) settleListed(check, caller, route, { assumed: true, isListed });
	}
	const one = named(first.name);
	if (one) await changeOne(check, caller, { ...params, id: idOf(one) });
	await deleteOnes(check, caller, params, own.map(idOf));
	const left = await allEndpoints(check, caller, params);
	if (left && !left.some((row) => textIn(row['name']).startsWith(prefix))) check.left.delete(note);
}
