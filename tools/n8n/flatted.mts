/**
 * Reads n8n's stored execution data: an array in which every string inside an object or array is
 * the index of its value.
 * @see https://github.com/WebReflection/flatted
 */
export function parseFlatted(text: string): unknown {
	const values = JSON.parse(text) as unknown[];
	const seen = new Map<number, unknown>();

	function at(index: number): unknown {
		if (seen.has(index)) return seen.get(index);
		const value = values[index];
		if (typeof value !== 'object' || value === null) return value;
		const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
		seen.set(index, copy);
		for (const [key, inner] of Object.entries(value)) {
			Object.assign(copy, { [key]: typeof inner === 'string' ? at(Number(inner)) : inner });
		}
		return copy;
	}

	return at(0);
}
