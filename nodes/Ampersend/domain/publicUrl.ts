import ipaddr from 'ipaddr.js';

import { ParameterError, requirePublicText } from './parameter';
import { looksSecret } from './secret';
import { isWeb, parseUrl } from './webAddress';

const MAX_CHARACTERS = 2_048;

/**
 * Names that stand for a machine or a network of one's own, or for none (RFC 6761, 6762, 7686,
 * 8375, 9476, and ICANN).
 */
const PRIVATE_NAMES =
	'localhost localdomain local internal home.arpa lan intranet corp home test invalid onion alt'
		.split(' ')
		.map((name) => `.${name}`);

/** What DNS allows (RFC 1035), in the letters of a host as URL gives it. */
const LABEL = /^[a-z\d_-]+$/;
const MAX_LABEL_CHARACTERS = 63;
const MAX_HOST_CHARACTERS = 253;

/** URL leaves what stands for another name, such as `{host}`, and labels that are empty. */
function isHostName(host: string): boolean {
	const isLabel = (text: string) => text.length <= MAX_LABEL_CHARACTERS && LABEL.test(text);
	return host.length <= MAX_HOST_CHARACTERS && host.split('.').every(isLabel);
}

/** What URL drops or replaces in silence, or nobody sees. */
const UNSEEN = /[\s\\\p{Cc}\p{Cf}\p{Cs}]/u;

export const WHOLE_ADDRESS =
	'Enter the whole address of an API on the internet, e.g. https://api.example.com.';

/** 2000::/3: IANA has assigned no other IPv6 addresses to the internet. */
function isOfInternet({ parts: [first = 0] }: ipaddr.IPv6): boolean {
	return first >> 13 === 1;
}

function isPublicAddress(text: string): boolean {
	const address = ipaddr.process(text);
	if (address.range() !== 'unicast') return false;
	return address instanceof ipaddr.IPv4 || isOfInternet(address);
}

/** What kind of address it is that nobody else can reach; undefined for a public one. */
function privacyOf(host: string): string | undefined {
	const bare = host.replace(/^\[|\]$/g, '');
	if (ipaddr.isValid(bare)) {
		return isPublicAddress(bare) ? undefined : 'is an address of a private or special network';
	}
	if (!isHostName(host)) return 'is not a host name';
	if (PRIVATE_NAMES.some((name) => `.${host}`.endsWith(name))) {
		return 'is a name of a private network';
	}
	return host.includes('.') ? undefined : 'is a name without a domain';
}

/**
 * Checks the address of an API on the internet.
 * @param advice how to give another one
 * @returns it as it was entered
 * @throws ParameterError where it isn't one, where it is in a private network, or holds a password
 */
export function parsePublicUrl(
	parameter: string,
	value: unknown,
	advice: string = WHOLE_ADDRESS,
): string {
	const text = requirePublicText(parameter, value);
	if (text.length > MAX_CHARACTERS) {
		throw new ParameterError(parameter, `is too long (${text.length} characters).`, advice);
	}
	const url = parseUrl(text);
	if (!url || !isWeb(url) || UNSEEN.test(text)) {
		throw new ParameterError(parameter, 'is not a web address.', advice);
	}
	if (url.username || url.password) {
		throw new ParameterError(
			parameter,
			'contains a user name or a password, which everyone who reads the endpoint could see.',
			'Remove them, and send them in a proxy header.',
		);
	}
	const host = url.hostname.replace(/\.$/, '');
	const privacy = privacyOf(host);
	if (privacy === undefined) return text;
	const shown = host === '' || host.length > 100 || looksSecret(host) ? 'the host' : host;
	throw new ParameterError(parameter, `${shown} ${privacy}, which Ampersend can't reach.`, advice);
}
