import type { Address } from '../domain/address';
import { parseAddress, rejectZeroAddress, sameAddress } from '../domain/address';
import type { PrivateKey } from '../domain/agentSecret';
import { readAgentSecret } from '../domain/agentSecret';
import { ParameterError } from '../domain/parameter';
import type { Connection, Deployment } from './deployments';
import { AGENT_PATH, CredentialError, deployments, readOtherDeployment } from './deployments';

/** The fields of an Ampersend Agent credential. */
export interface AgentFields {
	environment?: unknown;
	/** Of the environment "other". */
	baseUrl?: unknown;
	agentAddress?: unknown;
	privateKey?: unknown;
	/** The token of the session. n8n fills it in after a login, and replaces it when it expires. */
	sessionToken?: unknown;
}

/** Access to one deployment as one agent. */
export interface AgentConnection extends Connection {
	agent: Address;
	privateKey: PrivateKey;
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

const text = (field: unknown): string => (typeof field === 'string' ? field : '');

/**
 * Reads the credential's fields. The token is read from them each time: n8n renews it there.
 * @throws CredentialError or ParameterError for fields that must not be used, before anything is
 * sent
 */
export function resolveAgentConnection(fields: AgentFields): AgentConnection {
	const [deployment, baseUrl] = readDeployment(fields);
	const [privateKey, agent] = readAgent(fields);
	const keyDigits = Buffer.from(privateKey).toString('hex');
	return {
		authentication: 'agentSession',
		deployment,
		baseUrl,
		agentBaseUrl: baseUrl,
		agent,
		privateKey,
		get token() {
			return text(fields.sessionToken);
		},
		get secrets() {
			return [keyDigits, keyDigits.toUpperCase(), this.token].map((secret) => ({
				text: secret,
				prefix: '',
			}));
		},
	};
}
