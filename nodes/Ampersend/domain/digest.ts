import { hash } from 'node:crypto';

/** SHA-256 in hex: the same for the same text only. The text can't be read from it. */
export function digestOf(text: string): string {
	return hash('sha256', text);
}
