import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

import { authorize } from '../nodes/Ampersend/api/authorize';
import { resolveConnection } from '../nodes/Ampersend/api/deployments';

export class AmpersendApi implements ICredentialType {
	name = 'ampersendApi';

	displayName = 'Ampersend API';

	icon: Icon = {
		light: 'file:../nodes/Ampersend/ampersend.svg',
		dark: 'file:../nodes/Ampersend/ampersend.dark.svg',
	};

	documentationUrl = 'https://app.ampersend.ai';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			placeholder: 'e.g. sk_test_…',
			description:
				'Create it in the dashboard, under API Keys in the user menu. It is shown only once. ' +
				'Keys with sk_live_ call production (Base), keys with sk_test_ the sandbox (Base Sepolia).',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://api.ampersend.ai/v1',
			description:
				'Leave empty to use the default for the key. Set it for another path, a proxy or a local ' +
				'emulator. Must start with https, except on this machine.',
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
