import type { PrivateKey } from '../../domain/agentSecret';
import type { Authentication } from '../../domain/authentication';
import { holdsKey, isLikePrivateKey } from '../../domain/secret';
import { pasted, shortLine, withoutTrailing } from '../../domain/text';
import { hostOf, isLoopback, isWeb, parseUrl } from '../../domain/webAddress';
import type { Chain } from '../../domain/x402/chains';
import { base, baseSepolia, chains } from '../../domain/x402/chains';

/**
 * The two Ampersend deployments, and the one place that decides which of them a key can call.
 * Source: the vendor's API-keys page (prefixes, dashboards, host and `/v1`); the SDK (sandbox
 * host, chains).
 */
export interface Deployment {
	name: string;
	keyPrefix: string;
	/** Scheme and host, without a path. */
	origin: string;
	dashboard: string;
	/** Where its agents have USDC. All of them if it isn't known which service it is. */
	chains: readonly Chain[];
}

export const deployments = {
	production: {
		name: 'production',
		keyPrefix: 'sk_live_',
		origin: 'https://api.ampersend.ai',
		dashboard: 'https://app.ampersend.ai',
		chains: [base],
	},
	sandbox: {
		name: 'sandbox',
		keyPrefix: 'sk_test_',
		origin: 'https://api.sandbox.ampersend.ai',
		dashboard: 'https://app.sandbox.ampersend.ai',
		chains: [baseSepolia],
	},
} as const satisfies Record<string, Deployment>;

/** Where agents call (SDK, agent-client.ts). */
export const AGENT_PATH = '/api/v1';

/**
 * Where calls with an API key can be. `/v1` is documented by the curl example of the API-keys page.
 * The SDK calls what the vendor writes as `/v1/…` at `/api/v1/…`, and the list of agents with an
 * API key at `/api/v1/sdk` (management.ts).
 */
export const PREFIXES = ['/v1', AGENT_PATH, '/api/v1/sdk'] as const;

const [DEFAULT_PATH] = PREFIXES;

/** A secret; only its prefix may be shown. */
export interface Secret {
	text: string;
	prefix: string;
}

/** What the fields of a credential resolve to. */
export interface Connection {
	authentication: Authentication;
	deployment: Deployment;
	/** Absolute, without a trailing slash; routes are appended to it. */
	baseUrl: string;
	/** The same for routes that agents and anyone can call. */
	agentBaseUrl: string;
	/** The only agent that it can reach; absent if it can reach all of an account. */
	agent?: string;
	/** What authorizes calls: the API key, or the token of a session; empty before it starts. */
	readonly token: string;
	readonly secrets: readonly Secret[];
	/** What signs in the name of the agent; absent if it can reach all of an account. */
	privateKey?: PrivateKey;
}

export function isSandbox({ deployment }: Connection): boolean {
	return deployment.origin === deployments.sandbox.origin;
}

/** A credential that can't be used as it is. Its message never holds the key. */
export class CredentialError extends Error {
	override readonly name = 'CredentialError';

	constructor(
		message: string,
		readonly description: string,
	) {
		super(message);
	}
}

const { production, sandbox } = deployments;

/** Longer text than a key or a base URL ever is. */
const MAX_KEY_CHARACTERS = 1_024;
const MAX_URL_CHARACTERS = 2_048;

/** A route, which this node adds to the base URL. */
const ROUTE = /(?:^|\/v1(?:\/sdk)?)(\/(?:agents|agentic|approve-action)(?:$|\/.*))/i;

/** A DNS name has 253 at most, and a port six with its colon. */
const MAX_HOST_CHARACTERS = 259;

const COPY_AGAIN = 'Copy the key again, whole and alone. ';

/** @throws CredentialError */
function rejectKey(complaint: string, advice = ''): never {
	throw new CredentialError(
		`The API Key ${complaint}. A key starts with ${production.keyPrefix} or ${sandbox.keyPrefix}.`,
		`${advice}Create a key in the dashboard, under API Keys in the user menu: ` +
			`${production.dashboard} for ${production.keyPrefix} keys (production), ` +
			`${sandbox.dashboard} for ${sandbox.keyPrefix} keys (sandbox). ` +
			'A key is shown only once.',
	);
}

function readApiKey(input: unknown): { deployment: Deployment; apiKey: string } {
	const text = (typeof input === 'string' ? input : '').trim();
	if (text.length > MAX_KEY_CHARACTERS) {
		rejectKey(`is too long (${text.length} characters)`, COPY_AGAIN);
	}
	const apiKey = pasted(text);
	if (apiKey === '') rejectKey('is empty');
	// The SDK's combined secret begins with one (`agentSecret.ts`).
	if (isLikePrivateKey(apiKey.split(':::', 1)[0]?.trim() ?? '')) {
		rejectKey(
			"is the private key of an agent's key",
			'To act as that agent, paste it into an Ampersend Agent API credential. ',
		);
	}
	if (/\s/.test(apiKey)) rejectKey('contains white space', COPY_AGAIN);
	if (!/^[\x21-\x7e]+$/.test(apiKey)) {
		rejectKey(
			'contains a character that no key has',
			'Chat apps and word processors replace characters: copy the key from where you stored it. ',
		);
	}
	const deployment = Object.values(deployments).find(({ keyPrefix }) =>
		apiKey.startsWith(keyPrefix),
	);
	if (!deployment) rejectKey('has an unknown prefix');
	if (apiKey === deployment.keyPrefix) rejectKey('ends after its prefix', COPY_AGAIN);
	return { deployment, apiKey };
}

/** @throws CredentialError */
function rejectBaseUrl(complaint: string, advice: string): never {
	throw new CredentialError(`The Base URL ${complaint}.`, advice);
}

/** @throws CredentialError for an address that has a key or a private key in it */
function rejectSecretIn(url: URL, usual: string): void {
	// In the spelling that would be sent: a URL drops line breaks, which don't hide a key.
	const href = url.href.toLowerCase();
	if (Object.values(deployments).some(({ keyPrefix }) => href.includes(keyPrefix))) {
		rejectBaseUrl(
			'contains something that looks like an API key',
			`Put the key into API Key only, and an address like ${usual} here.`,
		);
	}
	if (holdsKey(href)) {
		rejectBaseUrl(
			'contains something that looks like a private key',
			`Put a secret only into its own field, and an address like ${usual} here. ` +
				'If anyone else can see the address, replace the key.',
		);
	}
}

/**
 * @param usualPath what to enter if nothing stands before the route
 * @throws CredentialError for an address with a route, which this node adds itself
 */
function rejectRouteIn({ origin, pathname }: URL, usualPath: string): void {
	const [, route] = ROUTE.exec(pathname) ?? [];
	if (route === undefined) return;
	const path = pathname.slice(0, -route.length) || usualPath;
	rejectBaseUrl(`contains a route (${shortLine(route, 60)})`, `Enter ${origin}${path}.`);
}

/**
 * Checks an address to which a secret can go.
 * @param usual an address to show as an example
 * @throws CredentialError
 */
function parseBaseUrl(text: string, usual: string): URL {
	if (text.length > MAX_URL_CHARACTERS) {
		rejectBaseUrl(
			`is too long (${text.length} characters)`,
			`Enter only scheme, host and path, or leave it empty to use ${usual}.`,
		);
	}
	const url = parseUrl(text);
	if (!url || !isWeb(url)) {
		rejectBaseUrl("isn't a web address", `Enter all of it, or leave it empty to use ${usual}.`);
	}
	if (url.username || url.password || url.search || url.hash) {
		rejectBaseUrl(
			'contains more than scheme, host and path',
			`Remove the user name and any part after "?" or "#", e.g. ${usual}.`,
		);
	}
	rejectSecretIn(url, usual);
	if (/\s/.test(text)) rejectBaseUrl('contains white space', `Enter an address like ${usual}.`);
	if (url.protocol !== 'https:' && !isLoopback(url)) {
		rejectBaseUrl(
			'must start with https://',
			'Plain http would show the key to everyone on the way. ' +
				'You can use it for this machine only (127.0.0.1, localhost).',
		);
	}
	return url;
}

/**
 * A service at another address than the two deployments, such as a proxy or a local emulator.
 * @returns the deployment and its base URL
 * @throws CredentialError
 */
export function readOtherDeployment(input: unknown, path: string): [Deployment, string] {
	const text = pasted(input);
	const usual = production.origin + path;
	if (text === '') rejectBaseUrl('is empty', `Enter scheme, host and path, e.g. ${usual}.`);
	const url = parseBaseUrl(text, usual);
	rejectRouteIn(url, path);
	const { origin } = url;
	return [{ name: 'other', keyPrefix: '', origin, dashboard: 'the dashboard', chains }, spell(url)];
}

function spell(url: URL): string {
	return `${url.origin}${withoutTrailing(url.pathname, '/')}`;
}

function readBaseUrl(input: unknown, deployment: Deployment): string {
	const text = pasted(input);
	const usual = deployment.origin + DEFAULT_PATH;
	if (text === '') return usual;
	const url = parseBaseUrl(text, usual);
	const isAt = (official: string) => hostOf(new URL(official)) === hostOf(url);
	const other = deployment.name === 'sandbox' ? production : sandbox;
	if (isAt(other.origin) || isAt(other.dashboard)) {
		throw new CredentialError(
			deployment.name === 'sandbox'
				? "A test key can't call production."
				: "A production key can't call the sandbox.",
			`This key starts with ${deployment.keyPrefix}, so it belongs to ${deployment.origin}. ` +
				`Clear the Base URL, or use a key that starts with ${other.keyPrefix}.`,
		);
	}
	if (isAt(deployment.dashboard)) {
		rejectBaseUrl('is the address of the dashboard, not of the API', `Clear it to use ${usual}.`);
	}
	rejectRouteIn(url, DEFAULT_PATH);
	return spell(url);
}

/**
 * What stands before the prefix of the API, in any version: the host, and the path of a proxy if
 * there is one.
 */
export function rootOf(baseUrl: string): string {
	return baseUrl.replace(/(?:\/api)?\/v\d{1,3}(?:\/sdk)?$/, '');
}

/** Where a route is: at the base URL, unless it has a prefix of its own. */
export function baseOf({ prefix }: { prefix?: string }, baseUrl: string): string {
	return prefix === undefined ? baseUrl : rootOf(baseUrl) + prefix;
}

/**
 * Reads the credential's fields.
 * @throws CredentialError for a key or base URL that must not be used, before anything is sent
 */
export function resolveConnection(fields: { apiKey?: unknown; baseUrl?: unknown }): Connection {
	const { deployment, apiKey } = readApiKey(fields.apiKey);
	const baseUrl = readBaseUrl(fields.baseUrl, deployment);
	return {
		authentication: 'apiKey',
		deployment,
		baseUrl,
		agentBaseUrl: rootOf(baseUrl) + AGENT_PATH,
		token: apiKey,
		secrets: [{ text: apiKey, prefix: deployment.keyPrefix }],
	};
}

/**
 * The header that carries an API key (API-keys page) or a session's token (SDK, agent-client.ts):
 * `Authorization: Bearer …`.
 */
export function authorizationHeaders({ token }: Connection): { Authorization: string } {
	return { Authorization: `Bearer ${token}` };
}

/**
 * The last check before a key leaves n8n.
 * @throws CredentialError unless `target` has the scheme, host and port of the connection's base
 * URL
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
	const hasHostName = url !== undefined && url.host.length <= MAX_HOST_CHARACTERS;
	throw new CredentialError(
		`This credential is for ${home.origin} and was not sent to ` +
			`${hasHostName ? url.origin : 'an address without a host'}.`,
		`An Ampersend key goes only to its own host. Call ${home.origin}, ` +
			'or use another credential for the other service.',
	);
}
