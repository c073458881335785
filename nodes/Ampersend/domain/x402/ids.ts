import { randomUUID } from 'node:crypto';

/** A UUID that nothing else has. */
export const newId = (): string => randomUUID();

/** A UUID that is always the same for a digest. @param digest at least 32 digits in hex */
export function uuidOf(digest: string): string {
	const parts = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(digest) ?? [];
	const [, a, b, c, d, e] = parts;
	return `${a}-${b}-4${c}-8${d}-${e}`;
}

/** What all reports of a payment have in common: nothing else has its nonce. */
export function paymentIdOf(nonce: string): string {
	return uuidOf(nonce.slice(2).toLowerCase());
}
