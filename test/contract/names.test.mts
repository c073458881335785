/** A report is attached to a public issue: what the service's text may be in it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Emulator } from '../../tools/emulator/index.mts';
import { randomAddress, startEmulator } from '../../tools/emulator/index.mts';
import { reportOf, runTool, textsOf } from './run.mts';

type Row = Record<string, unknown>;

const PERSON = 'alice_of_zurich';

let emulator: Emulator;

async function start(name: string): Promise<void> {
	emulator = await startEmulator();
	const agent = emulator.addAgent({
		name,
		keys: [{ address: randomAddress(), name }],
		allowlist: [randomAddress()],
		spendConfig: { daily_limit: '5000000' },
		autoCollect: { enabled: true, threshold: '7000000' },
	});
	emulator.seedActivity(agent, 8);
}

beforeEach(async () => await start(PERSON));

afterEach(async () => await emulator.close());

const run = async (args: string[] = ['--json']) =>
	await runTool(args, {
		AMPERSEND_API_KEY: emulator.apiKey,
		AMPERSEND_API_URL: emulator.baseUrl,
	});

const always = { times: Infinity };
const limits = 'GET /agents/{address}/spend-config';

const mutate = (route: string, change: (body: Row) => unknown): void =>
	emulator.fault({ route, ...always, mutate: (body) => change(body as Row) });

const success = (body: unknown): void =>
	emulator.fault({ route: limits, ...always, status: 200, body });

async function limitsIn(args?: string[]) {
	const ran = await run(args);
	const read = reportOf(ran).routes.find(({ route }) => route === 'getSpendingLimit');
	return { ran, shape: read?.shape as Row, extras: read?.extras };
}

describe('Words', () => {
	it.each([
		[`agent of ${PERSON} at zurich is locked`, 'agent of <word> at <word> is locked'],
		[
			'Bob Kowalski: daily_limit exceeds 2500 of 10',
			'<word> <word> daily_limit exceeds <word> of <word>',
		],
		['bob@example.com is not an owner.', '<word> is not an owner'],
		['INVALID_SPEND_CONFIG', 'INVALID_SPEND_CONFIG'],
		['BOB_KOWALSKI', '<word>'],
		["You can't use alices-key", "You can't use <word>"],
	])('%s', async (error, shown) => {
		success({ error });
		expect(textsOf(await run(), 'getSpendingLimit')).toEqual([`200 reports an error: ${shown}`]);
	});

	it.each([
		['max', 'agent max or Max is locked', 'agent <word> or <word> is locked'],
		['Max Page', 'the max page of max page', 'the <word> <word> of <word> <word>'],
	])('of a name that came are hidden, though they are known: %s', async (name, error, shown) => {
		await emulator.close();
		await start(name);
		success({ error });
		expect(textsOf(await run(), 'getSpendingLimit')).toEqual([`200 reports an error: ${shown}`]);
	});
});

describe('Names of fields', () => {
	it('are shown as far as their words are known', async () => {
		mutate(limits, (row) => ({
			...row,
			approvers: true,
			weeklyApprovals2: 1,
			zorp_address: '',
			zorp: 1,
			[PERSON]: 1,
		}));
		const { ran, extras, shape } = await limitsIn();
		expect(extras).toEqual(['<name>', '<word>_address', 'approvers', 'weeklyApprovals2']);
		expect(shape).toMatchObject({ '<name>': 'whole number', '<word>_address': 'empty text' });
		expect(ran.code).toBe(0);
	});

	it('are hidden where one is a value that came', async () => {
		await emulator.close();
		await start('max');
		mutate(limits, (row) => ({ ...row, max: 1, max_total: 1, spent_total: 1 }));
		const { extras } = await limitsIn();
		expect(extras).toEqual(['<name>', '<word>_total', 'spent_total']);
	});

	it.each<[string, Row, unknown]>([
		['of one kind', { [PERSON]: true, bob: false, max: true }, { '<name>': 'boolean' }],
		['of several kinds', { [PERSON]: true, bob: 1 }, { '<name>': 'boolean or whole number' }],
		['of records', { bob: { pays: 1 }, max: { total: 1 } }, { '<name>': expect.anything() }],
		['with a known name', { name: 'x', bob: true }, { name: 'text', '<name>': 'boolean' }],
		['with words that are known', { weekly: 1, monthly: 2 }, { monthly: 'whole number' }],
	])('of a record keyed by people are shown as a map: %s', async (_title, approvers, shown) => {
		mutate(limits, (row) => ({ ...row, approvers }));
		const { ran, shape } = await limitsIn();
		expect(shape['approvers']).toMatchObject(shown as object);
		expect(ran.out).not.toMatch(/alice|bob|zurich|"max"/);
	});
});

it('A value of a known set is shown only if its words are known', async () => {
	for (const [status, shown] of [
		['owned_by_bob', /got text/],
		['in_review', /got "in_review"/],
		['refunded', /got "refunded"/],
	] as const) {
		await emulator.close();
		await start(PERSON);
		emulator.fault({
			route: 'GET /agents/{address}/payments',
			...always,
			mutate: (body) => (body as Row[]).map((row) => ({ ...row, status })),
		});
		const texts = textsOf(await run(), 'listPayments');
		expect(texts).toEqual([expect.stringMatching(shown)]);
	}
});

const routes = [
	'GET /agents',
	'GET /agents/{address}',
	'GET /agents/{address}/keys',
	'GET /agents/{address}/authorized-sellers',
	limits,
	'GET /agents/{address}/auto-collect-config',
	'GET /agents/{address}/activity',
	'GET /agents/{address}/payments',
];

/** No word of the report has one of these in it. */
const people = 'alice beatrice boris fatima kowalski nguyen oyelaran'.split(' ');
const towns = 'kinshasa ottawa reykjavik utrecht zurich'.split(' ');

const personal = fc
	.tuple(
		fc.constantFrom(...people),
		fc.constantFrom(...people, ...towns),
		fc.constantFrom(
			(one: string) => one,
			(one: string, other: string) => `${one}_of_${other}`,
			(one: string, other: string) => `${one}.${other}@example.com`,
			(one: string, other: string) => `${one[0]?.toUpperCase()}${one.slice(1)} ${other}`,
			(one: string, other: string) => `${one}${other[0]?.toUpperCase()}${other.slice(1)}`,
			(one: string, other: string) => `${one}-${other}_id`,
			(one: string, other: string) => `${one}_${other}_total`,
			(one: string) => one.toUpperCase(),
			(one: string, other: string) => `name: "${one}", of (${other}) 12345`,
		),
	)
	.map(([one, other, form]) => form(one, other));

/** What is put at a place of a body. */
const intrusions: ReadonlyArray<(place: Row, name: string, at: string) => void> = [
	(place, name) => void (place[name] = true),
	(place, name) => void (place[name] = name),
	(place, name) => void (place[name] = [{ [name]: [name] }]),
	(place, name) => void (place['approvers'] = { [name]: { [name]: 1 }, other: 2 }),
	(place, name, at) => void (place[at] = name),
	(place, name, at) => void (place[at] = { [name]: place[at] }),
	(place, name, at) => {
		place[name] = place[at];
		Reflect.deleteProperty(place, at);
	},
	(place, name) => void (place['error'] = { message: `agent ${name} of ${name} is locked` }),
	(place, name) => void (place['errors'] = { [name]: [name] }),
	(place, name) => void Object.assign(place, { success: false, message: name }),
	(place, name) => void Object.assign(place, { next_cursor: name, [name]: { next: name } }),
];

const rejections: ReadonlyArray<(name: string) => unknown> = [
	(name) => ({ message: name, error: name }),
	(name) => ({ issues: [{ path: [name, 0, name], message: name }] }),
	(name) => ({ detail: [{ loc: ['body', name], msg: name }] }),
	(name) => ({ errors: { [name]: [name] } }),
	(name) => ({ errors: [{ field: name, code: name }] }),
	(name) => name,
];

/** All objects and lists in a body. */
function placesIn(body: unknown): Row[] {
	const places = [body].filter((one) => typeof one === 'object' && one !== null) as Row[];
	for (const place of places) {
		for (const one of Object.values(place)) {
			if (typeof one === 'object' && one !== null) places.push(one as Row);
		}
	}
	return places;
}

function intrude(body: unknown, name: string, [how, where, which]: number[]): unknown {
	const places = placesIn(body);
	const place = places[(where ?? 0) % places.length] ?? {};
	const fields = Object.keys(place);
	const at = fields[(which ?? 0) % Math.max(1, fields.length)] ?? 'x';
	intrusions[(how ?? 0) % intrusions.length]?.(place, name, at);
	return body;
}

const number = fc.nat({ max: 10_000 });

it('At random places, no name of a person or town gets into the report', async () => {
	const clean = `${(await run()).out}${(await run([])).out}`.toLowerCase();
	for (const word of [...people, ...towns].filter((one) => !PERSON.includes(one))) {
		expect(clean).not.toContain(word);
	}
	const property = fc.asyncProperty(
		fc.array(fc.tuple(fc.constantFrom(...routes), personal, fc.array(number, { minLength: 3 })), {
			minLength: 3,
			maxLength: 8,
		}),
		fc.constantFrom<string[]>([], ['--json'], ['--write']),
		fc.boolean(),
		async (changes, args, isRejected) => {
			await emulator.close();
			await start(PERSON);
			for (const [route, name, numbers] of changes) {
				const [how = 0, where = 0] = numbers;
				const body = rejections[how % rejections.length]?.(name);
				const isOther = isRejected && where % 3 === 0 && route !== 'GET /agents';
				const other = isOther
					? { status: 400, body }
					: { mutate: (it: unknown) => intrude(it, name, numbers) };
				emulator.fault({ route, ...always, ...other });
			}
			const { out, err } = await run(args);
			const text = `${out}${err}`.toLowerCase();
			for (const word of [...people, ...towns]) expect(text).not.toContain(word);
			expect(out).not.toMatch(/Ended unexpectedly|can't be judged/);
		},
	);
	await fc.assert(property, { numRuns: 60, interruptAfterTimeLimit: 60_000 });
});
