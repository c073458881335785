/**
 * Text without the given character at its end. A pattern would take quadratic time.
 */
export function withoutTrailing(text: string, character: string): string {
	let end = text.length;
	while (end > 0 && text[end - 1] === character) end--;
	return text.slice(0, end);
}

/** Text without the quotes around it, as configuration files have them. */
export function withoutQuotes(text: string): string {
	const [first = ''] = text;
	const isQuoted = text.length > 1 && text.endsWith(first) && '"\'`'.includes(first);
	return isQuoted ? text.slice(1, -1).trim() : text;
}

/** What a line of a header has before a key. */
const HEADER = /^(?:authorization:|bearer(?:\s|$))\s*/i;

/** The name of a variable, and what is between it and its value. */
const VARIABLE = /^(?:export\s+)?([a-z]\w*)\s*=\s*/i;

/** A key can end with `=`. */
function withoutName(text: string): string {
	const [start = '', name = ''] = VARIABLE.exec(text) ?? [];
	return /^sk_/i.test(name) ? text : text.slice(start.length);
}

/**
 * A key or an address as people paste it, without what a configuration has around it. Empty for
 * what isn't text.
 */
export function pasted(value: unknown): string {
	let bare = typeof value === 'string' ? value.trim() : '';
	for (let before = ''; before !== bare; ) {
		before = bare;
		bare = withoutQuotes(withoutName(bare).replace(HEADER, ''));
	}
	return bare;
}

/** A pattern of this length is found quickly in any text. */
const PROBE_CHARACTERS = 16;

/**
 * Finds a text in others, in time that grows with their length only (Knuth, Morris, Pratt).
 * `indexOf` can take as many steps as both lengths multiplied, if the text repeats itself.
 */
export class Needle {
	/** For each start of the text: how much of it is also its end. */
	private readonly borders: number[] = [0];
	private readonly probe: string;

	/** @param text not empty */
	constructor(readonly text: string) {
		this.probe = text.slice(0, PROBE_CHARACTERS);
		for (let at = 1, length = 0; at < text.length; at++) {
			length = this.next(length, text[at]);
			this.borders.push(length);
		}
	}

	/** How much of the text has been found after another character. */
	private next(found: number, character: string | undefined): number {
		let length = found;
		while (length > 0 && this.text[length] !== character) length = this.borders[length - 1] ?? 0;
		return this.text[length] === character ? length + 1 : length;
	}

	/** Where each of its places in another text starts. Places can overlap. */
	placesIn(text: string): number[] {
		const places: number[] = [];
		if (!text.includes(this.probe)) return places;
		for (let at = 0, found = 0; at < text.length; at++) {
			// After a whole one, the search continues with the longest end that is also a start.
			if (found === this.text.length) found = this.borders[found - 1] ?? 0;
			found = this.next(found, text[at]);
			if (found === this.text.length) places.push(at + 1 - found);
		}
		return places;
	}
}

/**
 * Replaces parts of a text.
 * @param parts where each starts and ends, by their starts; those that overlap count as one
 */
export function replaceParts(
	text: string,
	parts: Array<readonly [start: number, end: number]>,
	shown: string,
): string {
	let replaced = '';
	let copied = 0;
	for (const [start, end] of parts) {
		if (start >= copied) replaced += text.slice(copied, start) + shown;
		copied = Math.max(copied, end);
	}
	return replaced + text.slice(copied);
}

/** The same for names that people read as the same: services spell white space and accents anew. */
export function nameKey(name: string): string {
	return name.normalize('NFC').replace(/\s+/g, ' ').trim();
}

/** What nobody sees, or what turns the text around it. Emoji have joiners. */
const UNSEEN = /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+/gu;

/** White space, and what nobody sees, as one space each. */
export function spaced(text: string): string {
	return text.replace(UNSEEN, ' ').replace(/\s+/g, ' ');
}

/** The same without spaces around it. */
export function oneLine(text: string): string {
	return spaced(text).trim();
}

/** The start of a text, on one line. */
export function shortLine(text: string, maxLength: number): string {
	const start = oneLine(text.slice(0, 10 * maxLength));
	if (start.length <= maxLength) return start;
	// Half of a character is none.
	return `${start.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The first texts in a row, and how many more there are. */
export function firstFew(texts: string[], most: number): string {
	const more = texts.length - most;
	return texts.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Text for a place that shows HTML. */
export function escapeHtml(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Text for a place that shows HTML or plain text, depending on the version or the reader: nothing
 * in it starts a tag, and it reads almost the same.
 */
export function withoutTags(text: string): string {
	return text.replace(/<(?=[a-z/!?])/gi, '‹');
}
