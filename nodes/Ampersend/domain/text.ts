/**
 * Text without the given character at its end. A pattern would take quadratic time.
 */
export function withoutTrailing(text: string, character: string): string {
	let end = text.length;
	while (end > 0 && text[end - 1] === character) end--;
	return text.slice(0, end);
}
