/** A name in its other spelling, `created_at` for `createdAt`. */
function otherSpelling(name: string): string {
	return name.includes('_')
		? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
		: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The same names, with their other spellings. */
export function bothWays(names: readonly string[]): string[] {
	return [...new Set(names.flatMap((name) => [name, otherSpelling(name)]))];
}
