import type * as z from 'zod/v4-mini';

import { visitRecords } from '../../domain/json';
import { Needle, replaceParts } from '../../domain/text';
import { visitUnknown } from '../../schemas/unknown';
import type { Connection, Secret } from './deployments';

/** Hides a key in a text. */
export type Hide = (text: string) => string;

/** What follows the prefix can appear in any text by chance if it is shorter than this. */
const MIN_TAIL = 12;

/** Without a prefix, a shorter text can't be told from others. */
const MIN_CHARACTERS = 8;

const HEX_PAIR = /^[0-9a-f]{2}$/i;

/** A text without percent-encoding, however often it was encoded. */
interface Decoded {
	text: string;
	/** Where each character starts in the encoded text; at the end, the length of that. */
	starts: number[];
}

/** A "25" after a percent sign encodes it: each further encoding adds one. */
function decode(encoded: string): Decoded {
	let text = '';
	const starts: number[] = [];
	for (let at = 0; at < encoded.length; ) {
		starts.push(at);
		let end = at + 1;
		let character = encoded[at] ?? '';
		if (character === '%') {
			while (encoded.startsWith('25', end)) end += 2;
			const pair = encoded.slice(end, end + 2);
			if (HEX_PAIR.test(pair)) {
				character = String.fromCharCode(parseInt(pair, 16));
				end += 2;
			}
		}
		text += character;
		at = end;
	}
	return { text, starts: [...starts, encoded.length] };
}

/**
 * Hides a secret with percent-encoded characters, all or some of them. A percent sign right before
 * it can make its first two characters look like an encoding, so they are compared apart.
 */
function hideEncoded(whole: string, shown: string): Hide {
	if (whole.length < MIN_CHARACTERS) return (text) => text;
	const [first, rest] = [whole.slice(0, 2), new Needle(whole.slice(2))];
	return (text) => {
		const { text: decoded, starts } = decode(text);
		const parts = rest.placesIn(decoded).flatMap((place) => {
			const [start = 0, end = 0] = [starts[place], starts[place + rest.text.length]];
			if (decoded.startsWith(first, place - 2) && place >= 2) {
				return [[starts[place - 2] ?? 0, end] as const];
			}
			return text.startsWith(first, start - 2) && start >= 2 ? [[start - 2, end] as const] : [];
		});
		return replaceParts(text, parts, shown);
	};
}

/** Texts, one of which is in the Base64 of any text that contains the secret at any position. */
function base64Of(secret: string): string[] {
	return [0, 1, 2].flatMap((before) => {
		const bytes = Buffer.from('x'.repeat(before) + secret, 'latin1');
		const start = before === 0 ? 0 : before + 1;
		const end = Math.floor((bytes.length * 8) / 6);
		return [...new Set([bytes.toString('base64'), bytes.toString('base64url')])].map((text) =>
			text.slice(start, end),
		);
	});
}

function hideSecret({ text: whole, prefix }: Secret): Hide {
	const tail = whole.slice(prefix.length);
	const isLong = tail.length >= MIN_TAIL;
	const secret = isLong ? tail : whole;
	const shown = isLong ? '…' : `${prefix}…`;
	const needles = [secret, ...base64Of(secret)].map((spelling) => new Needle(spelling));
	// One that has percent signs itself can be decoded further than it was encoded.
	const decoded = [...new Set([secret, decode(secret).text])];
	const encoded = decoded.map((text) => hideEncoded(text, shown));

	return (text) => {
		if (text.length < secret.length) return text;
		let hidden = text;
		for (const needle of needles) {
			const places = needle.placesIn(hidden);
			const parts = places.map((start) => [start, start + needle.text.length] as const);
			if (parts.length > 0) hidden = replaceParts(hidden, parts, shown);
		}
		return hidden.includes('%') ? encoded.reduce((rest, hide) => hide(rest), hidden) : hidden;
	};
}

/**
 * Hides the secrets of a connection wherever they are: whole or without their prefix, plain,
 * percent-encoded or in Base64. The time it takes grows with the length of a text, whatever the
 * secret, so a text of any length is fine.
 */
export function hideKey({ secrets }: Pick<Connection, 'secrets'>): Hide {
	const hides = secrets
		.filter(({ text, prefix }) => text.length > prefix.length)
		.filter(({ text, prefix }) => prefix !== '' || text.length >= MIN_CHARACTERS)
		.map(hideSecret);
	return (text) => hides.reduce((rest, hide) => hide(rest), text);
}

function hideInField(record: Record<string, unknown>, name: string, hide: Hide): void {
	const value = record[name];
	const shownName = hide(name);
	const shownValue = typeof value === 'string' ? hide(value) : value;
	if (shownName !== name) delete record[name];
	if (shownName !== name || shownValue !== value) record[shownName] = shownValue;
}

function hideIn(body: unknown, hide: Hide): void {
	visitRecords(body, (record) => {
		for (const name of Object.keys(record)) hideInField(record, name, hide);
	});
}

/** Hides the key in every text of an answer, including field names. Changes the answer itself. */
export function hideKeyIn(body: unknown, connection: Connection): void {
	hideIn(body, hideKey(connection));
}

/**
 * Hides what a call sent in secret, in the fields that its answer has beyond its shape. A known
 * field has it only by chance, and would be wrong without it. Changes the answer itself.
 */
export function hideInUnknown(shape: z.core.$ZodType, data: unknown, secrets: Secret[]): void {
	if (secrets.length === 0) return;
	const hide = hideKey({ secrets });
	visitUnknown(shape, data, (record, name) => {
		hideIn(record[name], hide);
		hideInField(record, name, hide);
	});
}

/** Every text in a value, its field names too. */
function textsIn(value: unknown): string[] {
	const texts: string[] = [];
	visitRecords([value], (record) => {
		if (!Array.isArray(record)) texts.push(...Object.keys(record));
		texts.push(...Object.values(record).filter((child) => typeof child === 'string'));
	});
	return texts;
}

/**
 * What a call sends in secret, without what it also sends in public.
 * @param hidden secret parts of the body, under names that are none
 * @param open everything else that is sent
 */
export function secretsOf(hidden: object | undefined, open: unknown): Secret[] {
	if (!hidden) return [];
	const values: string[] = [];
	const names: string[] = [];
	visitRecords(hidden, (record) => {
		names.push(...Object.keys(record));
		values.push(...Object.values(record).filter((value) => typeof value === 'string'));
	});
	const shown = [...names, ...textsIn(open)].map((text) => text.toLowerCase());
	return values
		.filter((value) => !shown.some((text) => text.includes(value.toLowerCase())))
		.map((text) => ({ text, prefix: '' }));
}
