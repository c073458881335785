import { parseArgs } from 'node:util';
import { readAgentAccess, type AgentAccess } from './agent.mts';
import {
	AGENT_PATH,
	ParameterError,
	deployments,
	hostOf,
	CredentialError,
	isLoopback,
	readAgentSecret,
	resolveConnection,
	rootOf,
	type Connection,
} from './source';

export const USAGE = `npm run contract         compares Ampersend's API with what is assumed

AMPERSEND_API_KEY        an API key: checks what a user can call
AMPERSEND_AGENT_KEY      the private key of an agent key, or the SDK's combined secret: checks what
                         an agent can call in its session
AMPERSEND_AGENT_ADDRESS  the agent's address, unless the combined secret has it
AMPERSEND_API_URL        the base URL, such as a proxy's. By default the deployment of the API key;
                         without an API key the sandbox, or production with --allow-live

--json                   the report as JSON
--write                  also calls what writes, for agents that it creates (sandbox, loopback)
--allow-live             accepts production; it reads only
--seconds 300            time for the whole run
--request-seconds 15     time for one request
--help                   this text

By default it only reads. The report has no key, token, name or whole address. Of the service's own
words it shows only those that it knows: any other one is <word> or <name>.
Exit code: 0 what was checked fits, 1 something differs, 2 could not run.`;

/** Why the command can't run, and what to do. The text has no secret. */
export class CannotRun extends Error {}

export interface Settings {
	/** With an API key. */
	user: Connection | undefined;
	agent: AgentAccess | undefined;
	write: boolean;
	json: boolean;
	/** Time for one request, ms. */
	requestMs: number;
	/** Time for the whole run, ms. */
	runMs: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Flags {
	json: boolean;
	write: boolean;
	allowLive: boolean;
	help: boolean;
	requestMs: number;
	runMs: number;
}

function secondsOf(flag: string, text: string): number {
	if (/^[1-9]\d{0,4}$/.test(text)) return Number(text) * 1_000;
	throw new CannotRun(`--${flag} takes whole seconds from 1 to 99999.`);
}

function readFlags(argv: string[]): Flags {
	const parsed = ((): ReturnType<typeof parse> => {
		try {
			return parse(argv);
		} catch {
			throw new CannotRun('An option is unknown or has no value. See --help.');
		}
	})();
	const { json, write, help, 'allow-live': allowLive } = parsed;
	return {
		json,
		write,
		help,
		allowLive,
		requestMs: secondsOf('request-seconds', parsed['request-seconds']),
		runMs: secondsOf('seconds', parsed.seconds),
	};
}

function parse(args: string[]) {
	return parseArgs({
		args,
		options: {
			json: { type: 'boolean', default: false },
			write: { type: 'boolean', default: false },
			'allow-live': { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
			seconds: { type: 'string', default: '300' },
			'request-seconds': { type: 'string', default: '15' },
		},
	}).values;
}

/** Names the variable that a message of the credentials means by the field's name. */
function variableIn(message: string): string {
	if (/Base URL|web address|call (?:production|the sandbox)/.test(message)) {
		return 'AMPERSEND_API_URL';
	}
	return 'AMPERSEND_API_KEY';
}

function named<Result>(read: () => Result): Result {
	try {
		return read();
	} catch (error) {
		if (error instanceof ParameterError) {
			throw new CannotRun(`${error.message} ${error.description}`);
		}
		if (!(error instanceof CredentialError)) throw error;
		throw new CannotRun(`${variableIn(error.message)}: ${error.message} ${error.description}`);
	}
}

function isPrivateKey(text: string): boolean {
	try {
		return readAgentSecret('', text).privateKey.length > 0;
	} catch {
		return false;
	}
}

/** A key in the other's variable: what the credentials say of it is about their fields. */
function rejectSwapped(apiKey: string, privateKey: string): void {
	if (isPrivateKey(apiKey)) {
		throw new CannotRun(
			'AMPERSEND_API_KEY is the private key of an agent key. Put it into AMPERSEND_AGENT_KEY, ' +
				"and the agent's address into AMPERSEND_AGENT_ADDRESS.",
		);
	}
	if (/^(?:bearer\s+)?sk_(?:live|test)_/i.test(privateKey)) {
		throw new CannotRun(
			'AMPERSEND_AGENT_KEY is an API key, not a private key. Put it into AMPERSEND_API_KEY.',
		);
	}
}

function readUser(apiKey: string, baseUrl: string): Connection | undefined {
	return apiKey === '' ? undefined : resolveConnection({ apiKey, baseUrl });
}

/** An agent's base, whichever of the bases was given. */
function agentUrl(text: string): string {
	const trimmed = text.endsWith('/') ? text.slice(0, -1) : text;
	const root = rootOf(trimmed);
	return root === trimmed ? text : root + AGENT_PATH;
}

type Access = Pick<Connection, 'baseUrl' | 'deployment'>;

function rejectUnsafe(flags: Flags, connections: Access[]): void {
	const isAt = ({ baseUrl }: Access, { origin }: { origin: string }): boolean =>
		hostOf(new URL(baseUrl)) === hostOf(new URL(origin));
	const isProduction = (connection: Access): boolean =>
		connection.deployment.name === 'production' || isAt(connection, deployments.production);
	const isForWrites = (connection: Access): boolean =>
		connection.deployment.name === 'sandbox' ||
		isAt(connection, deployments.sandbox) ||
		isLoopback(new URL(connection.baseUrl));
	const isLive = connections.some(isProduction);
	if (isLive && !flags.allowLive) {
		throw new CannotRun(
			'AMPERSEND_API_KEY or AMPERSEND_API_URL is for production, where money is real. ' +
				'Use an sk_test_ key of the sandbox, or add --allow-live to read production.',
		);
	}
	if (flags.write && (isLive || !connections.every(isForWrites))) {
		throw new CannotRun(
			'--write is for the sandbox and for this machine only. ' +
				'Remove --write, or set AMPERSEND_API_KEY to an sk_test_ key.',
		);
	}
}

/**
 * Reads the arguments and the environment. Nothing is sent.
 * @returns undefined if only the usage is asked for
 * @throws CannotRun
 */
export function readSettings(argv: string[], env: Environment): Settings | undefined {
	const flags = readFlags(argv);
	if (flags.help) return undefined;
	const valueOf = (name: string): string => (env[`AMPERSEND_${name}`] ?? '').trim();
	const [apiKey, privateKey] = [valueOf('API_KEY'), valueOf('AGENT_KEY')];
	const [agentAddress, baseUrl] = [valueOf('AGENT_ADDRESS'), valueOf('API_URL')];
	if (apiKey === '' && privateKey === '') {
		throw new CannotRun(
			'AMPERSEND_API_KEY is empty. Set it to an sk_test_ key of the sandbox dashboard ' +
				`(${deployments.sandbox.dashboard}), or set AMPERSEND_AGENT_KEY. See --help.`,
		);
	}
	rejectSwapped(apiKey, privateKey);
	const user = named(() => readUser(apiKey, baseUrl));
	const fallback = flags.allowLive ? deployments.production : deployments.sandbox;
	const ownUrl = baseUrl === '' ? fallback.origin + AGENT_PATH : agentUrl(baseUrl);
	const agentBase = user?.agentBaseUrl ?? ownUrl;
	const agent =
		privateKey === ''
			? undefined
			: named(() => readAgentAccess(privateKey, agentAddress, agentBase));
	rejectUnsafe(
		flags,
		[user, agent].flatMap((one) => one ?? []),
	);
	const { json, write, requestMs, runMs } = flags;
	return { user, agent, write, json, requestMs, runMs };
}
