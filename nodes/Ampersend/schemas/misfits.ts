/** A field whose value could not be read, and nothing rests on it. */
export interface Misfit {
	field: string;
	/** Whether it wasn't there at all. */
	isMissing: boolean;
}

/**
 * The fields that became null when a body was read, each once. What a shape doesn't know is the
 * same in both, and isn't looked at.
 */
export function misfitsIn(body: unknown, data: unknown): Misfit[] {
	const misfits = new Map<string, Misfit>();
	const left: Array<[unknown, unknown]> = [[body, data]];
	for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
		const [given, read] = pair;
		if (given === read || !isObject(given) || !isObject(read)) continue;
		for (const field of Object.keys(read)) {
			const [before, after]: unknown[] = [Reflect.get(given, field), Reflect.get(read, field)];
			if (isObject(after)) left.push([before, after]);
			else if (isLost(before, after)) {
				misfits.set(field, { field, isMissing: before === undefined });
			}
		}
	}
	return [...misfits.values()];
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}

function isLost(before: unknown, after: unknown): boolean {
	return (after === null || after === undefined) && before !== null && before !== after;
}
