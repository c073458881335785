/**
 * Answers that are changed at random. AMPERSEND_ANSWERS=10000 tries that many for each route,
 * which takes some minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { CallError } from '../../nodes/Ampersend/api/errors';
import { routes, type Route } from '../../nodes/Ampersend/api/routes';
import { type Client } from '../../nodes/Ampersend/api/client';
import type { Secret } from '../../nodes/Ampersend/api/connection/deployments';
import { send } from '../../nodes/Ampersend/api/send';
import { startEmulator, type Emulator } from '../../tools/emulator/index.mts';
import { agentsIn, isTooDeep, isUnreadable, same, wrongValue } from './answers/check.mts';
import { enlarge, mutate, someMutations } from './answers/mutations.mts';
import { recordAnswers, routeNames, type Recorded } from './answers/recorded.mts';
import { isJson, shapes } from './answers/shapes.mts';

const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.AMPERSEND_ANSWERS ?? 200);

/** Of one answer, however busy the machine is. */
const MAX_MS = 20_000;

let emulator: Emulator;
let recorded: Recorded[];

beforeAll(async () => {
	emulator = await startEmulator();
	recorded = await recordAnswers(emulator);
});
afterAll(async () => {
	emulator.assertClean();
	await emulator.close();
});

interface Reading {
	/** What came, untouched. */
	sent: unknown;
	value?: unknown;
	error?: unknown;
	notes: string[];
}

/** Reads an answer as the nodes do. @param isPlainTried whether it can be read the fast way */
async function read(
	{ name, connection, parameters }: Recorded,
	text: string,
	isPlainTried = true,
): Promise<Reading> {
	const notes: string[] = [];
	const client: Client = {
		connection,
		retry: { attempts: 1, budgetMs: 0 },
		note: (message) => notes.push(message),
		transmit: async () => ({
			statusCode: 200,
			headers: { 'content-type': 'application/json' },
			body: JSON.parse(text),
			...(isPlainTried && { text }),
		}),
	};
	const route: Route = routes[name];
	return await send(client, route, parameters).then(
		(value) => ({ sent: JSON.parse(text), value, notes }),
		(error: unknown) => ({ sent: JSON.parse(text), error, notes }),
	);
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

const isOther = (agent: string | undefined, named: unknown): boolean =>
	ADDRESS.test(String(named)) && String(named).toLowerCase() !== agent?.toLowerCase();

/** Whether an answer for a hosted endpoint is about another one. */
function isOfOtherEntry({ name, parameters }: Recorded, sent: unknown): boolean {
	const { id: asked }: { id?: string } = parameters.path;
	const id = isJson(sent) ? sent.id : undefined;
	return (
		shapes[name] === shapes.getHostedEndpoint &&
		asked !== undefined &&
		typeof id === 'string' &&
		id !== asked
	);
}

/** What is wrong with an error; undefined if it says what is wrong with the answer. */
function wrongError(answer: Recorded, { sent, error }: Reading): string | undefined {
	const { name, agent } = answer;
	if (!(error instanceof CallError)) return `threw ${String(error)}`;
	const { message } = error;
	if (typeof sent !== 'object' || sent === null) {
		return /instead of (?:JSON|an object)/.test(message) ? undefined : message;
	}
	if (/belongs to another one: id is /.test(message)) {
		return isOfOtherEntry(answer, sent) ? undefined : message;
	}
	const other = /belongs to another agent: \S+ is (0x\w{40})\.$/.exec(message)?.[1];
	if (other !== undefined) {
		const isNamed = agentsIn(shapes[name], sent).includes(other) && isOther(agent, other);
		return isNamed ? undefined : message;
	}
	const [, all = ''] = /its answer is not as expected: (.+)\.$/.exec(message) ?? [];
	const places = all
		.split('; ')
		.filter((one) => !/^and \d+ more$/.test(one))
		.map((one) => /^(the whole body|[\w.]+) \w/.exec(one)?.[1] ?? `(${one})`);
	const isTrue = places.every((place) => isUnreadable(shapes[name], sent, place));
	return isTrue ? undefined : message;
}

const isDeepError = (error: unknown): boolean =>
	error instanceof CallError &&
	error.message.endsWith('the whole body has more than 100 levels of objects and lists.');

/** What is wrong with how an answer was read; undefined if nothing is. */
function wrongReading(answer: Recorded, reading: Reading): string | undefined {
	const { name, agent } = answer;
	const { sent, value, error, notes } = reading;
	if (isTooDeep(sent)) return isDeepError(error) ? undefined : 'is too deep, and was read';
	if (error !== undefined) return wrongError(answer, reading);
	const isOthers = agentsIn(shapes[name], sent).some((one) => isOther(agent, one));
	if (agent !== undefined && isOthers) return 'was read, and is of another agent';
	if (isOfOtherEntry(answer, sent)) return 'was read, and is another one';
	return wrongValue(shapes[name], sent, value, notes);
}

const plainNames = routeNames.filter((name) => 'plainAnswer' in routes[name]);

/** Throws unless an answer is read the fast way as it is the slow way. */
async function compareWays(answer: Recorded, text: string): Promise<void> {
	const [fast, slow] = [await read(answer, text), await read(answer, text, false)];
	const isSame =
		same(fast.value, slow.value) &&
		same(fast.notes, slow.notes) &&
		String(fast.error) === String(slow.error);
	if (!isSame) throw new Error(`read the fast way as ${JSON.stringify(fast)}: ${text}`);
}

const clean = Object.getOwnPropertyNames(Object.prototype);

describe('The answer', () => {
	it.each(routeNames)('of %s is read whole', async (name) => {
		const answers = recorded.filter((one) => one.name === name);
		expect(answers.length).toBeGreaterThan(0);
		for (const answer of answers) {
			const reading = await read(answer, answer.text);
			expect([reading.error, reading.notes]).toEqual([undefined, []]);
			expect(reading.value).toBeDefined();
			expect(wrongReading(answer, reading)).toBeUndefined();
		}
	});

	it.each(routeNames)(
		`of %s, changed at random, is read right or rejected (AMPERSEND_SEED=${seed})`,
		async (name) => {
			const answers = recorded.filter((one) => one.name === name);
			const property = fc.asyncProperty(fc.nat(), someMutations, async (which, mutations) => {
				const answer = answers[which % answers.length] as Recorded;
				const text = mutate(answer.text, mutations);
				const reading = await read(answer, enlarge(text));
				const wrong = wrongReading(answer, reading);
				if (wrong !== undefined) throw new Error(`${wrong}: ${text}`);
				if (!same(Object.getOwnPropertyNames(Object.prototype), clean)) {
					throw new Error('Object.prototype has further fields');
				}
			});
			await fc.assert(property, { seed, numRuns: runs, timeout: MAX_MS });
		},
	);
});

/** A key as texts can have it, in JSON. */
const spellings: Array<[string, (key: string, prefix: string) => string]> = [
	['as it is', (key) => key],
	['without its prefix', (key, prefix) => key.slice(prefix.length)],
	['between others', (key) => `a ${key}, b`],
	['with a percent sign', (key) => key.replace(/.$/, (last) => encoded(last))],
	[
		'with a percent sign twice',
		(key) => key.replace(/.$/, (last) => `%25${encoded(last).slice(1)}`),
	],
	['with escapes', (key) => key.replace(/.$/, (last) => escaped(last))],
	['in Base64', (key) => Buffer.from(key).toString('base64')],
	['in Base64, after one', (key) => Buffer.from(`x${key}`).toString('base64')],
	['in Base64, after two', (key) => Buffer.from(`xy${key}`).toString('base64url')],
];

const encoded = (character: string) => `%${character.charCodeAt(0).toString(16)}`;

function escaped(character: string): string {
	return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

describe.each(plainNames)('The fast way to read %s', (name) => {
	const answersOf = () => recorded.filter((one) => one.name === name);

	it('takes what the service sends', () => {
		const route: Route = routes[name];
		for (const { text, agent } of answersOf()) {
			for (const asked of [agent, agent?.toLowerCase(), undefined]) {
				expect(route.plainAnswer?.(JSON.parse(text), asked)).toBeDefined();
			}
		}
	});

	it(`gives the same for answers that are changed at random (AMPERSEND_SEED=${seed})`, async () => {
		const answers = answersOf();
		const property = fc.asyncProperty(fc.nat(), someMutations, async (which, mutations) => {
			const answer = answers[which % answers.length] as Recorded;
			await compareWays(answer, enlarge(mutate(answer.text, mutations)));
		});
		await fc.assert(property, { seed, numRuns: 4 * runs, timeout: MAX_MS });
	});

	it.each(spellings)('hides a key, %s', async (_, spell) => {
		for (const answer of answersOf()) {
			const [{ text: key, prefix }] = answer.connection.secrets as [Secret];
			const text = answer.text.replace(/"status":"/g, `"status":"${spell(key, prefix)}`);
			expect(text).not.toBe(answer.text);
			await compareWays(answer, text);
			const { value } = await read(answer, text);
			expect(JSON.stringify(value)).not.toContain(key.slice(-12));
		}
	});
});
