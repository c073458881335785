import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IDataObject,
	IHttpRequestHelper,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

import { resolveAgentConnection } from '../nodes/Ampersend/api/connection/agentConnection';
import { beginSession } from '../nodes/Ampersend/api/connection/agentSession';
import { authorize } from '../nodes/Ampersend/api/connection/authorize';

export class AmpersendAgentApi implements ICredentialType {
	name = 'ampersendAgentApi';

	displayName = 'Ampersend Agent API';

	icon: Icon = {
		light: 'file:../nodes/Ampersend/ampersend.svg',
		dark: 'file:../nodes/Ampersend/ampersend.dark.svg',
	};

	documentationUrl =
		'https://www.npmjs.com/package/n8n-nodes-ampersend#credential-ampersend-agent-api';

	/** No other package's node gets the agent's private key, which pays. */
	restrictToSupportedNodes = true as const;

	properties: INodeProperties[] = [
		{
			displayName: 'Environment',
			name: 'environment',
			type: 'options',
			options: [
				{ name: 'Production', value: 'production', description: 'Real payments, on Base' },
				{ name: 'Sandbox', value: 'sandbox', description: 'Test payments, on Base Sepolia' },
				{ name: 'Other', value: 'other', description: 'A proxy or a local emulator' },
			],
			default: 'production',
			hint: 'Production is app.ampersend.ai, Sandbox is app.sandbox.ampersend.ai',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			displayOptions: { show: { environment: ['other'] } },
			default: '',
			placeholder: 'e.g. https://api.ampersend.ai/api/v1',
			description: 'Must start with https, except on this machine',
		},
		{
			displayName: 'Agent Address',
			name: 'agentAddress',
			type: 'string',
			default: '',
			placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984',
			hint: "From the agent's page in the dashboard. Leave it empty if Agent Key names it.",
			description: "The address of the agent's account, not of its key",
		},
		{
			displayName: 'Agent Key',
			name: 'privateKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			hint: "The private key of a key that the agent has, or the SDK's combined secret",
			description:
				"The private key of one of the agent's keys. It signs the login and is never sent. " +
				"You can also paste the SDK's combined secret: the key, :::, and the agent's address.",
		},
		{
			displayName: 'Session Token',
			name: 'sessionToken',
			type: 'hidden',
			typeOptions: { expirable: true, password: true },
			default: '',
		},
	];

	/**
	 * n8n calls this if no session is stored, and after a 401, and stores the new session.
	 * @throws CallError, CredentialError or ParameterError
	 */
	async preAuthentication(
		this: IHttpRequestHelper,
		credentials: ICredentialDataDecryptedObject,
	): Promise<IDataObject> {
		return { sessionToken: await beginSession(credentials, this.helpers) };
	}

	/**
	 * Runs for every call of the session, including the HTTP Request node.
	 * @throws CredentialError before anything is sent, if the host isn't the session's own, or the
	 * stored session isn't for this credential or has ended: n8n then logs in
	 */
	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		return authorize(await resolveAgentConnection(credentials), requestOptions);
	}
}
