import type { Address } from '../../domain/address';
import { parseAddress, rejectZeroAddress, sameAddress } from '../../domain/address';
import type { PrivateKey } from '../../domain/agentSecret';
import { readAgentSecret } from '../../domain/agentSecret';
import { ParameterError } from '../../domain/parameter';
import type { Session } from '../../domain/session';
import { fingerprintOf, readSession } from '../../domain/session';
import type { Connection, Deployment } from './deployments';
import { AGENT_PATH, CredentialError, deployments, readOtherDeployment } from './deployments';
import type { HttpAnswer } from '../request';

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

/** The curve takes long to load, and most workflows have no agent session. */
export const signing = async () => await import('../../domain/signIn');

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
	const { addressOf } = await signing();
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

const ENDED = /\b(?:session|token|expired|log ?in|sign ?in|unauthori[sz]ed|unauthenticated)\b/i;

function mayHaveEnded({ statusCode, body }: Answer): boolean {
	if (MAY_HAVE_ENDED.includes(statusCode)) return true;
	if (statusCode !== 400 || typeof body !== 'object' || body === null) return false;
	const { message }: { message?: unknown } = body;
	return !('issues' in body) && typeof message === 'string' && ENDED.test(message);
}

type Answer = Pick<HttpAnswer, 'statusCode' | 'body'>;

/**
 * Makes a call in a session, and makes it again in a new session if the one from before the call
 * may have ended.
 * @param fields of the credential, which n8n changes after a login
 * @param call asks n8n to send it
 */
export async function inSession<One extends Answer>(
	fields: AgentFields,
	connection: AgentConnection,
	call: () => Promise<One>,
): Promise<One> {
	const { token } = connection;
	// n8n logs in before a call only if nothing is stored.
	if (token === '') fields.sessionToken = '';
	const answer = await call();
	if (token === '' || !mayHaveEnded(answer)) return answer;
	// A call beside this one may have logged in already.
	if (connection.token === token) fields.sessionToken = '';
	return await call();
}
