import { withoutTrailing } from '../domain/text';

/**
 * The two Ampersend deployments, and the one place that decides which of them a key may reach.
 * Source: the vendor's API-keys page (prefixes, dashboards, host and `/v1`); the SDK (sandbox
 * host).
 */
export interface Deployment {
	name: 'production' | 'sandbox';
	keyPrefix: string;
	/** Scheme and host, without a path. */
	origin: string;
	dashboard: string;
}

export const deployments = {
	production: {
		name: 'production',
		keyPrefix: 'sk_live_',
		origin: 'https://api.ampersend.ai',
		dashboard: 'https://app.ampersend.ai',
	},
	sandbox: {
		name: 'sandbox',
		keyPrefix: 'sk_test_',
		origin: 'https://api.sandbox.ampersend.ai',
		dashboard: 'https://app.sandbox.ampersend.ai',
	},
} as const satisfies Record<string, Deployment>;

/** Documented by the curl example of the API-keys page. */
const DEFAULT_PATH = '/v1';

/** What the fields of an Ampersend API credential resolve to. */
export interface Connection {
	deployment: Deployment;
	apiKey: string;
	/** Absolute, without a trailing slash; routes are appended to it. */
	baseUrl: string;
}

/** A credential that cannot be used as it is. Its message never holds the key. */
export class CredentialError extends Error {
	override readonly name = 'CredentialError';

	constructor(
		message: string,
		readonly description: string,
	) {
		super(message);
	}
}

const WHERE_TO_MAKE_A_KEY = `Make a key in the dashboard, under API Keys in the user menu: ${deployments.production.dashboard} issues ${deployments.production.keyPrefix} keys (production), ${deployments.sandbox.dashboard} issues ${deployments.sandbox.keyPrefix} keys (sandbox). A key is shown only once.`;

const EXPECTED_PREFIXES = `It starts with ${deployments.production.keyPrefix} or ${deployments.sandbox.keyPrefix}`;

/** Longer text than a key or a base URL is ever. */
const MOST_KEY_CHARACTERS = 1_024;
const MOST_URL_CHARACTERS = 2_048;

/** A name of the DNS has 253 at most, and a port six with its colon. */
const MOST_HOST_CHARACTERS = 259;

function readApiKey(input: unknown): { deployment: Deployment; apiKey: string } {
	const text = (typeof input === 'string' ? input : '').trim();
	if (text.length > MOST_KEY_CHARACTERS) {
		throw new CredentialError(
			`The API Key has ${text.length} characters, which no key has. ${EXPECTED_PREFIXES} and is one word.`,
			`Copy the key again, whole and alone. ${WHERE_TO_MAKE_A_KEY}`,
		);
	}
	const apiKey = text.replace(/^bearer(\s+|$)/i, '');
	if (apiKey === '') {
		throw new CredentialError(`The API Key is empty. ${EXPECTED_PREFIXES}.`, WHERE_TO_MAKE_A_KEY);
	}
	if (/\s/.test(apiKey)) {
		throw new CredentialError(
			`The API Key has white space inside it. ${EXPECTED_PREFIXES} and is one unbroken word.`,
			`Copy the key again, whole and alone. ${WHERE_TO_MAKE_A_KEY}`,
		);
	}
	if (!/^[\x21-\x7e]+$/.test(apiKey)) {
		throw new CredentialError(
			`The API Key has a character that no key contains. ${EXPECTED_PREFIXES} and is plain ASCII.`,
			`Chat and word processors replace characters: copy the key from where it was stored. ${WHERE_TO_MAKE_A_KEY}`,
		);
	}
	const deployment = Object.values(deployments).find(({ keyPrefix }) =>
		apiKey.startsWith(keyPrefix),
	);
	if (!deployment || apiKey.length === deployment.keyPrefix.length) {
		throw new CredentialError(
			deployment
				? `The API Key ends after its prefix ${deployment.keyPrefix}.`
				: `The API Key has an unknown prefix. ${EXPECTED_PREFIXES}.`,
			WHERE_TO_MAKE_A_KEY,
		);
	}
	return { deployment, apiKey };
}

function parseUrl(text: string): URL | undefined {
	return URL.canParse(text) ? new URL(text) : undefined;
}

/** Host name in one spelling: trailing dots name the same host. */
function hostOf(url: URL): string {
	return withoutTrailing(url.hostname, '.');
}

function isLoopback(url: URL): boolean {
	const host = hostOf(url);
	return (
		host === 'localhost' ||
		host.endsWith('.localhost') ||
		host === '[::1]' ||
		/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
	);
}

function readBaseUrl(input: unknown, deployment: Deployment): string {
	const text = (typeof input === 'string' ? input : '').trim();
	if (text === '') return deployment.origin + DEFAULT_PATH;

	if (text.length > MOST_URL_CHARACTERS) {
		throw new CredentialError(
			`The Base URL has ${text.length} characters, which is more than an address has.`,
			`Write only scheme, host and path, e.g. ${deployment.origin}${DEFAULT_PATH}, or leave it empty to use that one.`,
		);
	}
	const url = parseUrl(text);
	if (!url || !['http:', 'https:'].includes(url.protocol)) {
		throw new CredentialError(
			'The Base URL is not a web address.',
			`Write it whole, e.g. ${deployment.origin}${DEFAULT_PATH}, or leave it empty to use that one.`,
		);
	}
	if (url.username || url.password || url.search || url.hash) {
		throw new CredentialError(
			'The Base URL holds more than scheme, host and path.',
			`Remove the user name, "?" or "#" part: e.g. ${deployment.origin}${DEFAULT_PATH}.`,
		);
	}
	if (Object.values(deployments).some(({ keyPrefix }) => text.includes(keyPrefix))) {
		throw new CredentialError(
			'The Base URL holds something that looks like an API key.',
			`The key belongs into API Key alone. Write only the address: e.g. ${deployment.origin}${DEFAULT_PATH}.`,
		);
	}
	if (url.protocol !== 'https:' && !isLoopback(url)) {
		throw new CredentialError(
			'The Base URL must start with https://.',
			'Plain http would show the key to everyone on the way. It is accepted for this machine only (127.0.0.1, localhost).',
		);
	}
	const other = deployment.name === 'sandbox' ? deployments.production : deployments.sandbox;
	if (
		[other.origin, other.dashboard].some((official) => hostOf(new URL(official)) === hostOf(url))
	) {
		throw new CredentialError(
			deployment.name === 'sandbox'
				? 'A test key cannot call production.'
				: 'A production key cannot call the sandbox.',
			`This key starts with ${deployment.keyPrefix}, so it belongs to ${deployment.origin}. Clear the Base URL, or use a key that starts with ${other.keyPrefix}.`,
		);
	}
	if (hostOf(new URL(deployment.dashboard)) === hostOf(url)) {
		throw new CredentialError(
			'The Base URL is the address of the dashboard, not of the API.',
			`Clear it to use ${deployment.origin}${DEFAULT_PATH}.`,
		);
	}
	return `${url.origin}${withoutTrailing(url.pathname, '/')}`;
}

/**
 * Reads the credential's fields.
 * @throws CredentialError for a key or base URL that must not be used; nothing has been sent
 * then.
 */
export function resolveConnection(fields: { apiKey?: unknown; baseUrl?: unknown }): Connection {
	const { deployment, apiKey } = readApiKey(fields.apiKey);
	return { deployment, apiKey, baseUrl: readBaseUrl(fields.baseUrl, deployment) };
}

/** The header that carries the key: `Authorization: Bearer sk_…` (API-keys page). */
export function authorizationHeaders({ apiKey }: Connection): { Authorization: string } {
	return { Authorization: `Bearer ${apiKey}` };
}

/**
 * The last gate before a key leaves n8n.
 * @throws CredentialError unless `target` has the scheme, host and port of the connection's base
 * URL.
 */
export function assertKeyBelongsTo(connection: Connection, target: string): void {
	const url = parseUrl(target);
	const home = new URL(connection.baseUrl);
	if (
		url &&
		url.protocol === home.protocol &&
		hostOf(url) === hostOf(home) &&
		url.port === home.port
	) {
		return;
	}
	const hasHostName = url !== undefined && url.host.length <= MOST_HOST_CHARACTERS;
	throw new CredentialError(
		`This credential is for ${home.origin} and was not sent to ${hasHostName ? url.origin : 'an address without a host'}.`,
		`An Ampersend key goes to its own host only. Call ${home.origin}, or use another credential for the other service.`,
	);
}
