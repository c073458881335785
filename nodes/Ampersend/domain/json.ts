/**
 * Adds further fields behind the known ones, those of the service that are not known here above
 * all. One that has the name of a known field never takes its place.
 */
export function withFurther<Known extends object>(known: Known, further: object): Known {
	return { ...known, ...further, ...known };
}

/**
 * Every object and list in a JSON value, however deep; none calls itself, so no depth is too much.
 * What is taken out of one before the next is asked for is not gone through.
 */
export function* recordsIn(value: unknown): Generator<Record<string, unknown>> {
	const left = [value];
	while (left.length > 0) {
		const next = left.pop();
		if (typeof next !== 'object' || next === null) continue;
		yield next as Record<string, unknown>;
		for (const child of Object.values(next)) {
			if (typeof child === 'object' && child !== null) left.push(child);
		}
	}
}
