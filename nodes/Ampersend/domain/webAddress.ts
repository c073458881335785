import { withoutTrailing } from './text';

/** Longer than any link to a page, with a token in it. */
const MAX_CHARACTERS = 8_192;

/** What an address can have (RFC 3986): nothing that a message would read as markup. */
const IN_ADDRESS = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/;

/**
 * Not `URL.canParse`: after many calls, Node.js 20 answers false for an address with an ü.
 * @returns undefined if it isn't an address
 */
export function parseUrl(text: string, base?: string): URL | undefined {
	try {
		return new URL(text, base);
	} catch {
		return undefined;
	}
}

export function isWeb({ protocol }: URL): boolean {
	return protocol === 'https:' || protocol === 'http:';
}

/** Host name in one spelling: trailing dots name the same host. */
export function hostOf(url: URL): string {
	return withoutTrailing(url.hostname, '.');
}

export function isLoopback(url: URL): boolean {
	const host = hostOf(url);
	return (
		host === 'localhost' ||
		host.endsWith('.localhost') ||
		host === '[::1]' ||
		/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
	);
}

/**
 * Whether somebody can be given this link: https, or http on this machine. Anything before an `@`
 * looks like the host and isn't.
 */
export function isLink(text: string): boolean {
	if (text.length > MAX_CHARACTERS || !IN_ADDRESS.test(text)) return false;
	const url = parseUrl(text);
	if (!url || url.username || url.password) return false;
	return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
