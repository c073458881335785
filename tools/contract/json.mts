/** What came is anything that JSON can hold: `String` and `Number` of it can throw. */

/** A number, or the number in a text; NaN for anything else. */
export const numberIn = (value: unknown): number =>
	typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;

/** A text, or a number as text; empty for anything else. */
export const textIn = (value: unknown): string =>
	typeof value === 'number' || typeof value === 'string' ? String(value) : '';

/** Letter case doesn't count: addresses have any. */
export function sameValue(one: unknown, other: unknown): boolean {
	return typeof one === 'string' && typeof other === 'string'
		? one.toLowerCase() === other.toLowerCase()
		: one === other;
}

const isParent = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

/**
 * Replaces by null what has more levels of objects and lists than the package reads, so that
 * whatever recurses over the rest ends. Changes the value itself.
 * @returns whether anything was replaced
 */
export function cutBelow(value: unknown, mostLevels: number): boolean {
	let isCut = false;
	let level = [value].filter(isParent);
	for (let depth = 1; level.length > 0; depth++) {
		const below: typeof level = [];
		for (const parent of level) {
			for (const [name, child] of Object.entries(parent)) {
				if (!isParent(child)) continue;
				if (depth < mostLevels) below.push(child);
				else isCut = Reflect.set(parent, name, null);
			}
		}
		level = below;
	}
	return isCut;
}
