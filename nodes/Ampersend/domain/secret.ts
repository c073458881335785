const PRIVATE_KEY = /^(?:0x)?[0-9a-f]{64}$/i;

/** Whether text is a private key, or the hash of a transaction: both look the same. */
export function isLikePrivateKey(text: string): boolean {
	return PRIVATE_KEY.test(text);
}

/** An API key or a webhook's secret, by how it begins: no `task_test_1`, and no bare prefix. */
const NAMED_KEY = /(?:^|[^0-9a-z])(?:sk_(?:live|test)|whsec)_[0-9a-z]/i;
const KEY_PREFIX = /sk_(?:live|test)_|whsec_/i;

/** Whether text is a key, and can be nothing that a service made up as an id. */
export function isKey(text: string): boolean {
	return NAMED_KEY.test(text) || (/^0x/i.test(text) && isLikePrivateKey(text));
}

/** More hexadecimal digits than an address has: most of a private key. */
const KEY_DIGITS = /[0-9a-f]{43}/i;

/** Whether text has as many hexadecimal digits in a row as no address has. */
export function hasKeyDigits(text: string): boolean {
	return KEY_DIGITS.test(text);
}

/** A private key with a wrong letter, or another long random text. */
const LONG_WORD = 60;
const FEW = 8;

function isRandom(word: string): boolean {
	const digits = word.replace(/\D/g, '').length;
	return word.length >= LONG_WORD && digits >= FEW && word.length - digits >= FEW;
}

/** A JSON Web Token. */
const WEB_TOKEN = /\beyJ[\w-]{17}/;

/**
 * Whether text of digits and what can be between them is a key's, as OpenSSL prints one: its groups
 * have one length, all but the last. Years have no letters, and an address has 40 digits.
 */
function areKeyDigits(text: string): boolean {
	const groups = text.split(/[\s:._-]+/).filter((group) => group !== '');
	const size = groups[0]?.length ?? 0;
	const isEven = groups.slice(0, -1).every(({ length }) => length === size);
	const digits = groups.join('');
	const isMixed = /[a-f]/i.test(digits) && /\d/.test(digits);
	return isEven && size > 1 && size !== 40 && isMixed && KEY_DIGITS.test(digits);
}

/** Numbers of words that a recovery phrase can have (BIP 39), and how long they are. */
const PHRASES = [12, 15, 18, 21, 24];
const PHRASE_WORD = /^[a-z]{3,8}$/;

/** Hardly a sentence has none of these, and a phrase has none. */
const SENTENCE_WORDS = 'and are but each for from has its not our per the via with'.split(' ');

function isPhrase(text: string): boolean {
	const words = text.trim().split(/\s+/);
	return (
		PHRASES.includes(words.length) &&
		words.every((word) => PHRASE_WORD.test(word) && !SENTENCE_WORDS.includes(word))
	);
}

/** Whether text that others will see has a key in it. */
export function holdsKey(text: string): boolean {
	return (
		[NAMED_KEY, KEY_DIGITS, WEB_TOKEN].some((kind) => kind.test(text)) ||
		text.split(/[^0-9a-z]+/i).some(isRandom) ||
		text.split(/[^0-9a-f\s:._-]+/i).some(areKeyDigits) ||
		isPhrase(text)
	);
}

/** Letters and digits in a row: fewer are no use to anyone. */
const MIN_RUN = 43;

/**
 * Whether text has as many letters of both cases as Base64 has, and no words have.
 * @param one of how many letters is of each case, at least: less is enough in a single word
 */
export function isBase64(run: string, one = 6): boolean {
	const others = [run.replace(/[a-z]/g, ''), run.replace(/[A-Z]/g, '')];
	const hasBoth = others.every(({ length }) => (run.length - length) * one >= run.length);
	return run.length >= MIN_RUN && hasBoth;
}

/** Only words, as many as a recovery phrase has. */
function hasOnlyWords(text: string): boolean {
	const words = text.trim().split(/\s+/);
	return words.length >= 12 && words.every((word) => /^[a-z]+$/i.test(word));
}

/** Parts of text that can be an address, a link or a key each. */
const BETWEEN_WORDS = /[\s,;"'|()<>[\]{}]+/;
const WHOLE_ADDRESS = /0x[0-9a-f]{40}(?![0-9a-f])/gi;

/** More letters and digits than an address has, with a few too many. */
const MOST_OF_KEY = 48;

/** A word in which a part of a key can be: with a wrong letter, or something between its digits. */
function isKeyLike(word: string): boolean {
	const plain = word.replace(/\\[nrt]/g, '').replace(/[^0-9a-z]/gi, '');
	const digits = plain.replace(/[^0-9a-f]/gi, '').length;
	return plain.length >= MOST_OF_KEY && digits * 10 >= plain.length * 9;
}

/**
 * Whether text may have a part of a secret in it, and no message may show it. Line breaks hide
 * none. @param text of bounded length
 */
export function looksSecret(text: string): boolean {
	const joined = text.replace(/\s+/g, '');
	const words = text.replace(WHOLE_ADDRESS, ' ').split(BETWEEN_WORDS);
	return (
		holdsKey(text) ||
		KEY_PREFIX.test(joined) ||
		KEY_DIGITS.test(joined) ||
		hasOnlyWords(text) ||
		words.some((word) => isKeyLike(word) || word.split(/[^\w+/-]/).some((run) => isBase64(run, 10)))
	);
}
