import type { Address } from '../../domain/address';
import { parseAddress, rejectZeroAddress, sameAddress } from '../../domain/address';
import type { PrivateKey } from '../../domain/agentSecret';
import { readAgentSecret } from '../../domain/agentSecret';
import { reportsError } from '../../domain/json';
import { ParameterError } from '../../domain/parameter';
import type { Session } from '../../domain/session';
import { fingerprintOf, readSession } from '../../domain/session';
import { addressOf } from '../../domain/signIn';
import { issuesIn, textsIn } from '../errors/serviceText';
import type { HttpAnswer } from '../request';
import type { Connection, Deployment } from './deployments';
import { AGENT_PATH, CredentialError, deployments, readOtherDeployment } from './deployments';

/** The fields of an Ampersend Agent credential. */
export interface AgentFields {
	environment?: unknown;
	/** Of the environment "other". */
	baseUrl?: unknown;
	agentAddress?: unknown;
	privateKey?: unknown;
	/**
	 * The session (`domain/session.ts`). n8n fills it in after a login, and keeps it when someone
	 * saves the credential with other fields.
	 */
	sessionToken?: unknown;
}

/** Access to one deployment as one agent. */
export interface AgentConnection extends Connection {
	agent: Address;
	privateKey: PrivateKey;
	/** The address of the private key. */
	keyAddress: Address;
	/** The fingerprint of what its sessions are made for. */
	madeFor: string;
}

function readDeployment({ environment, baseUrl }: AgentFields): [Deployment, string] {
	if (environment === 'other') return readOtherDeployment(baseUrl, AGENT_PATH);
	const chosen = Object.values(deployments).find(({ name }) => name === environment);
	if (chosen) return [chosen, chosen.origin + AGENT_PATH];
	throw new CredentialError('The Environment is unknown.', 'Choose one from the list.');
}

/** @throws ParameterError, which never shows the key */
function readAgent(fields: AgentFields): [PrivateKey, Address] {
	const { agentAddress } = fields;
	const { privateKey, agent } = readAgentSecret('Agent Key', fields.privateKey);
	const isGiven = typeof agentAddress === 'string' && agentAddress.trim() !== '';
	const address = isGiven || !agent ? parseAddress('Agent Address', agentAddress) : agent;
	rejectZeroAddress('Agent Address', address);
	if (!agent || sameAddress(address, agent)) return [privateKey, address];
	throw new ParameterError(
		'Agent Address',
		'is not the address in the Agent Key field.',
		'Clear it to use the address in the Agent Key field, or paste only the private key there.',
	);
}

/**
 * Reads the credential's fields. The session is read from them each time: n8n renews it there. If
 * it was made for something else, or ends, there is no token.
 * @throws CredentialError or ParameterError for fields that must not be used, before anything is
 * sent
 */
export async function resolveAgentConnection(fields: AgentFields): Promise<AgentConnection> {
	const [deployment, baseUrl] = readDeployment(fields);
	const [privateKey, agent] = readAgent(fields);
	const keyAddress = addressOf(privateKey);
	const madeFor = fingerprintOf(baseUrl, agent, keyAddress);
	const keyDigits = Buffer.from(privateKey).toString('hex');
	// A session that has ended is a secret, too: whoever ended it may name it afterwards.
	const tokens = new Set<string>();
	const currentSession = (): Session | undefined => {
		const session = readSession(fields.sessionToken);
		if (session) tokens.add(session.token);
		return session;
	};
	return {
		authentication: 'agentSession',
		deployment,
		baseUrl,
		agentBaseUrl: baseUrl,
		agent,
		privateKey,
		keyAddress,
		madeFor,
		get token() {
			const session = currentSession();
			const isUsable = session?.madeFor === madeFor && Date.now() < session.endsAt;
			return isUsable ? session.token : '';
		},
		get secrets() {
			currentSession();
			const texts = [keyDigits, keyDigits.toUpperCase(), ...tokens];
			return texts.map((text) => ({ text, prefix: '' }));
		},
	};
}

/**
 * What the service may answer if it ended a session. What production answers isn't public: 401 is
 * assumed, and 419, 440 and 498 have this meaning elsewhere. A call with such an answer wasn't
 * carried out, so it can be sent again.
 */
const MAY_HAVE_ENDED = [401, 403, 419, 440, 498];

/** What says the same in words, codes and addresses, whatever the status. */
const LOG_IN = /(?:\b|_)(?:log|sign)(?:ged|ed)?[ _-]?in(?:\b|_)|unauthori[sz]ed|unauthenticated/i;
const OF_SESSION = /session|token|jwt|authenticat|authorization/i;
const GONE = /expir|\bended|_ended|\bno\b|not\b|_not_|missing|revoked|terminated|timed/i;
const WRONG = /invalid|unknown|required/i;

/** Longer text isn't searched any further. */
const READ_CHARACTERS = 2_000;

function saysEnded(words: string): boolean {
	const text = words.slice(0, READ_CHARACTERS);
	return LOG_IN.test(text) || (OF_SESSION.test(text) && (GONE.test(text) || WRONG.test(text)));
}

function mayHaveEnded({ statusCode, headers, body }: HttpAnswer): boolean {
	if (MAY_HAVE_ENDED.includes(statusCode)) return true;
	if (statusCode >= 300 && statusCode < 400) return saysEnded(String(headers.location));
	if (typeof body === 'string') return saysEnded(body);
	if (statusCode < 300 && !reportsError(body)) return false;
	// A complaint about a field is about what was sent.
	const isAboutField = issuesIn(body).some(({ steps }) => steps.length > 0);
	return !isAboutField && textsIn(body).some(saysEnded);
}

/** Whether a change may have been carried out, whatever its answer says. */
const isUnclear = ({ statusCode }: HttpAnswer) => statusCode < 300 || statusCode >= 500;

/** A credential in n8n. */
interface StoredFields {
	/** n8n changes them after a login. */
	fields: AgentFields;
	/** Reads them as they are stored now. */
	reread: () => Promise<AgentFields>;
}

/** What to call, and how. */
interface SessionCall {
	/** Asks n8n to send it. */
	send: () => Promise<HttpAnswer>;
	/** Asks n8n for something that only reads, if the call may change something. */
	read?: (() => Promise<unknown>) | undefined;
}

/** The calls of a connection, which can be side by side. */
export class SessionCalls {
	/** Tokens that the service has rejected. */
	private readonly ended = new Set<string>();
	/** Whether a new session has changed nothing: it isn't what the service complains about. */
	private isRenewedInVain = false;
	/** For a newer session: calls side by side look only once. */
	private search: Promise<boolean> | undefined;

	constructor(
		private readonly stored: StoredFields,
		private readonly connection: AgentConnection,
	) {}

	/**
	 * Makes a call in a session, and makes it again in a new session if the one from before the call
	 * may have ended. If the call may have been carried out, only the next one has the new session.
	 */
	async make(call: SessionCall): Promise<HttpAnswer> {
		const { connection } = this;
		// n8n logs in before a call only if nothing is stored.
		if (connection.token === '') await this.takeNewer('');
		const { token } = connection;
		const answer = await call.send();
		if (token === '' || !mayHaveEnded(answer)) return answer;
		// A call beside this one may have logged in already, or be looking for a newer session.
		const isStored = [token, ''].includes(connection.token);
		if (isStored && this.isRenewedInVain) return answer;
		const isFound = isStored && (await this.takeNewer(token));
		if (call.read && isUnclear(answer)) {
			if (isStored && !isFound) await call.read().catch(() => {});
			return answer;
		}
		const next = await this.makeAgain(call, isFound);
		this.isRenewedInVain ||= mayHaveEnded(next);
		return next;
	}

	/** Makes a call in a newer session. @param isFound whether another run has begun it */
	private async makeAgain({ send, read }: SessionCall, isFound: boolean): Promise<HttpAnswer> {
		const { connection, stored } = this;
		const { token } = connection;
		const next = await send();
		if (!isFound || !mayHaveEnded(next) || (read && isUnclear(next))) return next;
		// That one has ended as well.
		this.ended.add(token);
		if (connection.token === token) stored.fields.sessionToken = '';
		return await send();
	}

	/**
	 * Forgets the session, and takes the one that another run has begun and stored since, also in
	 * another process. Without one, n8n logs in.
	 * @param token of the session that the service has ended; empty if there was none
	 * @returns whether there is one
	 */
	private async takeNewer(token: string): Promise<boolean> {
		this.ended.add(token);
		this.search ??= this.findNewer();
		try {
			return await this.search;
		} finally {
			this.search = undefined;
		}
	}

	private async findNewer(): Promise<boolean> {
		const { connection } = this;
		const { fields, reread } = this.stored;
		fields.sessionToken = '';
		const { sessionToken } = await reread().catch((): AgentFields => ({}));
		// A call beside this one may have logged in meanwhile.
		if (connection.token !== '') return true;
		const newer = readSession(sessionToken);
		if (!newer || this.ended.has(newer.token)) return false;
		fields.sessionToken = sessionToken;
		if (connection.token !== '') return true;
		// It's for another credential, or has ended, too.
		fields.sessionToken = '';
		return false;
	}
}
