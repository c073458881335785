import {
	AGENT_PATH,
	ParameterError,
	addressOf,
	isAddress,
	parseAddress,
	readAgentSecret,
	readOtherDeployment,
	rejectZeroAddress,
	sameAddress,
	type Address,
	type Connection,
	type PrivateKey,
} from './source';

/** An agent that logs in with one of its keys. */
export interface AgentAccess extends Pick<Connection, 'baseUrl' | 'deployment' | 'secrets'> {
	agent: Address;
	privateKey: PrivateKey;
	/** The address of the private key. */
	keyAddress: Address;
}

const KEY = 'AMPERSEND_AGENT_KEY';
const ADDRESS = 'AMPERSEND_AGENT_ADDRESS';

/** The message doesn't repeat the text: it can be a key in the wrong variable. */
function readAddress(text: string): Address {
	if (!isAddress(text)) {
		throw new ParameterError(
			ADDRESS,
			text === '' ? 'is empty.' : 'is not an address.',
			"Set it to the address of the agent's account: 0x followed by 40 hexadecimal digits.",
		);
	}
	const address = parseAddress(ADDRESS, text);
	rejectZeroAddress(ADDRESS, address);
	return address;
}

/**
 * Reads what an agent logs in with, as `api/connection/agentConnection.ts` does for a credential.
 * @param secret a private key, or the SDK's combined secret
 * @throws CredentialError or ParameterError, which never show the key
 */
export function readAgentAccess(
	secret: string,
	agentAddress: string,
	baseUrl: string,
): AgentAccess {
	const [deployment, url] = readOtherDeployment(baseUrl, AGENT_PATH);
	const { privateKey, agent: named } = readAgentSecret(KEY, secret);
	const agent = agentAddress === '' && named ? named : readAddress(agentAddress);
	if (named && !sameAddress(named, agent)) {
		throw new ParameterError(
			ADDRESS,
			`is not the address in ${KEY}.`,
			`Clear it, or put only the private key into ${KEY}.`,
		);
	}
	const digits = Buffer.from(privateKey).toString('hex');
	const secrets = [digits, digits.toUpperCase()].map((text) => ({ text, prefix: '' }));
	return {
		deployment,
		baseUrl: url,
		agent,
		privateKey,
		keyAddress: addressOf(privateKey),
		secrets,
	};
}
