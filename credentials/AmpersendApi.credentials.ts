import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

import { authorize } from '../nodes/Ampersend/api/connection/authorize';
import { deployments, resolveConnection } from '../nodes/Ampersend/api/connection/deployments';

/** Shown beside a key that starts like this. n8n hides a saved key, and the notice with it. */
function notice({ keyPrefix }: { keyPrefix: string }, name: string, text: string): INodeProperties {
	return {
		displayName: text,
		name,
		type: 'notice',
		default: '',
		displayOptions: { show: { apiKey: [{ _cnd: { startsWith: keyPrefix } }] } },
	};
}

export class AmpersendApi implements ICredentialType {
	name = 'ampersendApi';

	displayName = 'Ampersend API';

	icon: Icon = {
		light: 'file:../nodes/Ampersend/ampersend.svg',
		dark: 'file:../nodes/Ampersend/ampersend.dark.svg',
	};

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-ampersend#credential-ampersend-api';

	properties: INodeProperties[] = [
		{
			displayName: 'An API key manages agents and does not pay. Each agent pays with its own key.',
			name: 'managesAgents',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			placeholder: 'e.g. sk_test_…',
			hint: 'From the dashboard: API Keys. sk_live_ is production, sk_test_ the sandbox.',
			description:
				'The dashboard shows it only once. ' +
				'Keys with sk_live_ call production (Base), keys with sk_test_ the sandbox (Base Sepolia).',
		},
		notice(
			deployments.production,
			'productionKey',
			'This key is for production: what agents pay is real USDC.',
		),
		notice(
			deployments.sandbox,
			'sandboxKey',
			'This key is for the sandbox: no real USDC is paid there.',
		),
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://api.ampersend.ai/v1',
			hint: 'Leave it empty to use the deployment that the key is for',
			description:
				'Set it for another path, a proxy or a local emulator. ' +
				'Must start with https, except on this machine.',
		},
	];

	/**
	 * Runs for every call with the key, including Custom API Call and the HTTP Request node.
	 * @throws CredentialError before anything is sent, if the key is unusable or the host isn't its
	 * own
	 */
	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> {
		return authorize(resolveConnection(credentials), requestOptions);
	}
}
