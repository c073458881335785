import { visitRecords } from '../domain/json';
import type { Connection, Secret } from './deployments';

/** Hides a key in a text. */
export type Hide = (text: string) => string;

/** What follows the prefix can appear in any text by chance if it is shorter than this. */
const SHORTEST_TAIL = 12;

const HEX_PAIR = /^[0-9a-f]{2}$/i;

/** Where the character at `at` ends if it is this one, plain or percent-encoded. */
function endOfCharacter(text: string, at: number, character: string): number | undefined {
	if (text[at] === '%') {
		// Each further encoding adds a "25".
		for (let start = at + 1, pair = '25'; pair === '25'; start += 2) {
			pair = text.slice(start, start + 2);
			const isIt = HEX_PAIR.test(pair) && String.fromCharCode(parseInt(pair, 16)) === character;
			if (isIt) return start + 2;
		}
	}
	return text[at] === character ? at + 1 : undefined;
}

/** Replaces a secret with percent-encoded characters, all or some of them. */
function replaceEncoded(text: string, secret: string, shown: string): string {
	let replaced = '';
	let copied = 0;
	for (let start = 0; start < text.length; start++) {
		let end: number | undefined = start;
		for (const character of secret) {
			end = endOfCharacter(text, end, character);
			if (end === undefined) break;
		}
		if (end === undefined) continue;
		replaced += text.slice(copied, start) + shown;
		copied = end;
		start = end - 1;
	}
	return replaced + text.slice(copied);
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
	const isLong = tail.length >= SHORTEST_TAIL;
	const secret = isLong ? tail : whole;
	const shown = isLong ? '…' : `${prefix}…`;
	const spellings = [secret, ...base64Of(secret)];

	return (text) => {
		if (text.length < secret.length) return text;
		const isThere = spellings.some((spelling) => text.includes(spelling));
		if (!isThere && !text.includes('%')) return text;
		const hidden = spellings.reduce((rest, spelling) => rest.replaceAll(spelling, shown), text);
		return hidden.includes('%') ? replaceEncoded(hidden, secret, shown) : hidden;
	};
}

/**
 * Hides the secrets of a connection wherever they are: whole or without their prefix, plain,
 * percent-encoded or in Base64. It searches for texts, not patterns, so a text of any length is
 * fine.
 */
export function hideKey({ secrets }: Pick<Connection, 'secrets'>): Hide {
	const hides = secrets.filter(({ text }) => text !== '').map(hideSecret);
	return (text) => hides.reduce((rest, hide) => hide(rest), text);
}

/** Hides the key in every text of an answer, including field names. Changes the answer itself. */
export function hideKeyIn(body: unknown, connection: Connection): void {
	const hide = hideKey(connection);
	visitRecords(body, (record) => {
		for (const name of Object.keys(record)) {
			const value = record[name];
			const shownName = hide(name);
			const shownValue = typeof value === 'string' ? hide(value) : value;
			if (shownName !== name) delete record[name];
			if (shownName !== name || shownValue !== value) record[shownName] = shownValue;
		}
	});
}
