import fc from 'fast-check';

import { otherSpelling } from './shapes.mts';

const DEPTH = 20_000;
const LENGTH = 100_000;

/** What is too large for a report, by the text that stands for it there. */
const large: Readonly<Record<string, string>> = {
	'nested deeply': '['.repeat(DEPTH) + ']'.repeat(DEPTH),
	'a long text': JSON.stringify('x'.repeat(LENGTH)),
	'many digits': JSON.stringify('9'.repeat(LENGTH)),
};

const HOUR_MS = 3_600_000;

const texts = [
	'',
	' ',
	'NaN',
	'Infinity',
	'-5',
	'1e3',
	'0x10',
	'1.5',
	'null',
	'x',
	'0'.repeat(100),
];
const numbers = [0, -1, 1.5, 1e21, 2 ** 53, 1e-7, 5];
const links = ['https://user@example.com/', 'http://example.com/', 'ipfs://Qm1/a', 'x:0'];
const addresses = [`0x${'9'.repeat(40)}`, `0x${'9'.repeat(39)}`, `0X${'9'.repeat(40)}`];
const nested = [[], {}, [[]], [null], { value: 1 }, ['a', 1]];

/** @param ms whole hours since 1970, so that no unit loses any of it */
const timesOf = (ms: number): unknown[] => [
	ms / 1000,
	ms,
	ms * 1000,
	ms * 1_000_000,
	...['', '000', '000000'].map((zeros) => `${ms}${zeros}`),
	String(ms / 1000),
	new Date(ms).toISOString(),
	new Date(ms).toISOString().replace('Z', '+05:30'),
	new Date(ms).toISOString().replace('Z', ''),
	'2026-02-30T00:00:00.000Z',
];

const time = fc
	.integer({ min: Date.UTC(1990, 0) / HOUR_MS, max: Date.UTC(2110, 0) / HOUR_MS })
	.chain((hours) => fc.constantFrom(...timesOf(hours * HOUR_MS)));

const junk = fc.oneof(
	fc.constantFrom<unknown>(null, true, false, ...texts, ...numbers, ...links, ...addresses),
	fc.constantFrom<unknown>(...nested),
	time,
	fc.jsonValue({ maxDepth: 2 }),
	{ weight: 1, arbitrary: fc.constantFrom(...Object.keys(large)) },
);

/** A place in JSON. */
interface Slot {
	parent: Record<string, unknown> | unknown[];
	key: string;
}

function slotsIn(parent: Slot['parent']): Slot[] {
	return Object.entries(parent).flatMap(([key, value]) => [
		{ parent, key },
		...(typeof value === 'object' && value !== null ? slotsIn(value as Slot['parent']) : []),
	]);
}

const get = ({ parent, key }: Slot): unknown => Reflect.get(parent, key);
const set = ({ parent, key }: Slot, value: unknown) => void Reflect.set(parent, key, value);

function drop({ parent, key }: Slot): void {
	if (Array.isArray(parent)) parent.splice(Number(key), 1);
	else Reflect.deleteProperty(parent, key);
}

function rename(slot: Slot, name: string): void {
	const value = get(slot);
	if (Array.isArray(slot.parent)) return;
	drop(slot);
	slot.parent[name] = value;
}

function define(slot: Slot, name: string, value: unknown): void {
	const target = get(slot);
	if (typeof target !== 'object' || target === null) return;
	Object.defineProperty(target, name, { value, enumerable: true, configurable: true });
}

const digitsOf = (value: unknown): number => Number.parseFloat(String(value)) || 0;

/** What can happen to one place of an answer. */
const mutations: Record<string, (slot: Slot, value: unknown) => void> = {
	replace: set,
	null: (slot) => set(slot, null),
	drop,
	'other spelling': (slot) => rename(slot, otherSpelling(slot.key)),
	'other name': (slot) => rename(slot, `${slot.key}X`),
	'both spellings': (slot, value) => {
		const name = otherSpelling(slot.key);
		if (!Array.isArray(slot.parent) && name !== slot.key) slot.parent[name] = value;
	},
	'as text': (slot) => set(slot, String(get(slot))),
	'as number': (slot) => set(slot, digitsOf(get(slot))),
	negative: (slot) =>
		set(slot, typeof get(slot) === 'string' ? `-${get(slot)}` : -digitsOf(get(slot))),
	'in a list': (slot) => set(slot, [get(slot)]),
	'in an object': (slot) => set(slot, { value: get(slot) }),
	'in items': (slot) => set(slot, { items: get(slot) }),
	'in data': (slot) => set(slot, { data: get(slot) }),
	'in results': (slot) => set(slot, { results: get(slot) }),
	'in a part': (slot, value) => set(slot, { items: get(slot), has_more: true, total: value }),
	'in a count': (slot, value) => set(slot, { data: get(slot), total_count: value }),
	twice: (slot) => {
		const { parent, key } = slot;
		if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(get(slot)));
	},
	'a row': ({ parent }, value) => {
		if (Array.isArray(parent)) parent.push(value);
	},
	'a prototype': (slot, value) => define(slot, '__proto__', { polluted: true, value }),
	'prototype of the constructor': (slot: Slot) =>
		define(slot, 'constructor', { prototype: { polluted: true } }),
	more: (slot, value) => define(slot, 'further', value),
};

export const someMutations = fc.array(
	fc.record({
		at: fc.nat(1_000_000),
		how: fc.constantFrom(...Object.keys(mutations)),
		value: junk,
	}),
	{ minLength: 1, maxLength: 3 },
);

/** JSON after mutations, with `large` values by what stands for them. */
export function mutate(
	text: string,
	steps: Array<{ at: number; how: string; value: unknown }>,
): string {
	const root = { body: JSON.parse(text) as unknown };
	for (const { at, how, value } of steps) {
		const slots = slotsIn(root);
		const slot = slots[at % slots.length];
		// The next steps change what this one puts in.
		if (slot) mutations[how]?.(slot, structuredClone(value));
	}
	return JSON.stringify(root.body) ?? 'null';
}

/** The same JSON with the large values themselves. */
export const enlarge = (text: string): string =>
	text.replace(/"([^"\\]+)"(?!:)/g, (all, short: string) =>
		Object.hasOwn(large, short) ? String(large[short]) : all,
	);
