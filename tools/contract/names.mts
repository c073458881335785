/**
 * What the report may have of the service's text. A name of a field, a known value or a word of an
 * error is shown if it's a name that the package has, or is made of the words in `vocabulary.mts`;
 * each other word is shown as `<word>`, and a name without a known word as `<name>`. So a field
 * that nobody could foresee still shows where it is, and what is known of its name, but no name of
 * a person, town or company gets through: whether text is one can't be seen from its form, and its
 * place doesn't tell either, as a service can use people's names as keys. A known word is hidden,
 * too, where the service has it as the value of a field, such as an agent that is named "max".
 * In the shapes, a record of which no name is the package's and one is hidden is a map, whose keys
 * are all shown as `<name>`. Nothing is shown of any other text, and of no number.
 */
import { capitals, errorWords, fieldWords, knownNames, wordsIn } from './vocabulary.mts';
import { visitRecords } from './source';
import { valueFields } from './known.mts';

const NAME = '<name>';
const WORD = '<word>';

const MAX_WORDS = 20;

/** Longer text is none that a name or a word could be taken from. */
const MAX_VALUE = 200;

/** Fields whose text is about something else, and those with values of a known set. */
const notValues = new Set([
	...valueFields,
	...['code', 'detail', 'details', 'error', 'errors', 'message', 'msg'],
]);

const isIn = (words: ReadonlySet<string>, word: string): boolean =>
	words.has(word) || (word.endsWith('s') && words.has(word.slice(0, -1)));

const isOrdinary = (word: string): boolean =>
	isIn(fieldWords, word) || isIn(errorWords, word) || capitals.has(word);

const inLowerCase = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** Knows the values that came, and what of the service's text isn't one of them. */
export class Names {
	/** Words in a row, each with a blank around it. Only those that could be shown. */
	readonly #values = new Set<string>();

	/** Keeps the values of an answer. */
	note(body: unknown): void {
		visitRecords(body, (record) => {
			const isList = Array.isArray(record);
			for (const [name, value] of Object.entries(record)) {
				if (typeof value !== 'string' || value.length > MAX_VALUE) continue;
				const words = inLowerCase(value);
				const isShowable = words.some(isOrdinary) && (isList || !notValues.has(name));
				if (isShowable) this.#values.add(words.join(' '));
			}
		});
	}

	/** A field's name as a report can have it. */
	field(name: string): string {
		if (knownNames.has(name)) return name;
		if (!/^[A-Za-z_]\w{0,39}$/.test(name)) return NAME;
		const words = wordsIn(name);
		const isValue = this.#values.has(words.join(' ')) || this.#values.has(name.toLowerCase());
		const isShown = (word: string): boolean => isIn(fieldWords, word) && !this.#values.has(word);
		if (isValue || !words.some(isShown)) return NAME;
		return name.replaceAll(/[A-Z]?[a-z]+|[A-Z]+|\d+/g, (word) =>
			isShown(word.toLowerCase()) || /^\d{1,2}$/.test(word) ? word : WORD,
		);
	}

	/** Whether the whole of a name or value can be shown. */
	isShown(name: string): boolean {
		return this.field(name) === name;
	}

	/** What a service says, without what can be somebody's. */
	words(text: string): string {
		const words = text.slice(0, 1_000).match(/[^\s,;:"()[\]{}`]{1,200}/g) ?? [];
		const hidden = this.#valuesAmong(words);
		const shown = words
			.slice(0, MAX_WORDS)
			.map((word, i) => (hidden.has(i) ? WORD : this.#word(word.replace(/[.!?']{1,3}$/, ''))));
		return [...shown, ...(words.length > MAX_WORDS ? ['…'] : [])].join(' ');
	}

	#word(word: string): string {
		const lower = word.toLowerCase();
		if (/^[A-Z][a-z]+$/.test(word)) return capitals.has(lower) ? word : WORD;
		if (/^[a-z']+$/.test(word)) return isOrdinary(lower) ? word : WORD;
		if (/^[A-Z_-]+$/.test(word)) return wordsIn(word).every(isOrdinary) ? word : WORD;
		const name = this.field(word);
		return name === NAME ? WORD : name;
	}

	/** Where a text has a value, as a whole. */
	#valuesAmong(words: string[]): Set<number> {
		const all = words.flatMap((word, at) => inLowerCase(word).map((part) => ({ part, at })));
		const text = ` ${all.map(({ part }) => part).join(' ')} `;
		const values = [...this.#values].filter((value) => text.includes(` ${value} `));
		const hidden = values.flatMap((value) => {
			const parts = value.split(' ');
			const isHere = (i: number): boolean => parts.every((part, k) => all[i + k]?.part === part);
			return all.flatMap((_, i) => (isHere(i) ? all.slice(i, i + parts.length) : []));
		});
		return new Set(hidden.map(({ at }) => at));
	}
}
