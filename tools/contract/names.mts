/** Neither a name of the wire nor a word: part of an address, a hash, a key or a number. */
const SECRET = /0x|\d{5}|[0-9a-f]{16}/i;

/**
 * A field's name as a report can have it: in the spelling of a wire name. A service may use
 * addresses or people's names as keys.
 */
export function safeName(name: string): string {
	return /^[a-z]\w{0,39}$/.test(name) && !SECRET.test(name) ? name : '<name>';
}

/** Words that an error can have in capitals; any other word in capitals can be a person's name. */
const capitals = new Set(
	(
		'a access account address agent agents allowed an and api authorization bad body ' +
		'cannot code conflict denied detail does error exceeded expected expired failed field ' +
		'for forbidden found gateway id in internal invalid is key limit malformed method ' +
		'missing must name no not of permission permitted query rate received request ' +
		'required server service session string the timeout to token too unauthorized ' +
		'unavailable unexpected unknown unprocessable unsupported validation value was you ' +
		'your'
	).split(' '),
);

const MOST_WORDS = 20;

function safeWord(word: string): string {
	const isCapital = word
		.toLowerCase()
		.split('_')
		.every((part) => capitals.has(part));
	return isCapital || /^\d{1,3}$/.test(word) ? word : safeName(word);
}

/** What a service says, without what can be somebody's. */
export function safeWords(text: string): string {
	const words = text.slice(0, 1_000).match(/[^\s,;:."'`()[\]{}]{1,200}/g) ?? [];
	const shown = words.slice(0, MOST_WORDS).map(safeWord);
	return [...shown, ...(words.length > MOST_WORDS ? ['…'] : [])].join(' ');
}
