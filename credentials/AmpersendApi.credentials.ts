import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	Icon,
	INodeProperties,
} from 'n8n-workflow';

import {
	assertKeyBelongsTo,
	authorizationHeaders,
	resolveConnection,
} from '../nodes/Ampersend/api/deployments';

/** The HTTP Request node passes `uri`, newer helpers `url`. */
type AnyRequestOptions = IHttpRequestOptions & { uri?: string };

/**
 * Every address that n8n may call for a request. Its HTTP client joins a base and a target by other
 * rules than `URL` ("\\host" and " //host" are paths to it), so the base itself counts too.
 */
function targetsOf({ url, uri, baseURL }: AnyRequestOptions): string[] {
	const target = url ?? uri ?? '';
	if (!baseURL) return [target];
	return [baseURL, URL.canParse(target, baseURL) ? new URL(target, baseURL).href : target];
}

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
		const connection = resolveConnection(credentials);
		for (const target of targetsOf(requestOptions)) assertKeyBelongsTo(connection, target);
		const otherHeaders = Object.entries(requestOptions.headers ?? {}).filter(
			([name]) => name.toLowerCase() !== 'authorization',
		);
		return {
			...requestOptions,
			headers: { ...Object.fromEntries(otherHeaders), ...authorizationHeaders(connection) },
			// Otherwise n8n sends the key to whatever host a redirect names.
			sendCredentialsOnCrossOriginRedirect: false,
			// A subdomain would still get it (follow-redirects), so n8n must not call any other host.
			allowedDomains: new URL(connection.baseUrl).hostname,
		};
	}
}
