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

/** The HTTP Request node hands over `uri` where newer helpers use `url`. */
type AnyRequestOptions = IHttpRequestOptions & { uri?: string };

/**
 * Every address that n8n may make of a request. Its HTTP client joins a base and a target by other
 * rules than `URL` does ("\\host" and " //host" are paths to it), so the base itself counts too.
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
				'The prefix selects the deployment: sk_live_ calls production (Base), sk_test_ calls the sandbox (Base Sepolia). Made in the dashboard, under API Keys in the user menu, and shown only once.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://api.ampersend.ai/v1',
			description:
				'Leave empty to use the deployment of the key. Set it for another path prefix, a proxy or a local emulator. Must be https, except on this machine.',
		},
	];

	/**
	 * Sees every call made with the key, Custom API Call and the HTTP Request node included.
	 * @throws CredentialError before anything is sent, when the key is unusable or the host is not
	 * its own.
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
			// n8n would repeat the key to whatever host a redirect names.
			sendCredentialsOnCrossOriginRedirect: false,
			// A subdomain gets it all the same (follow-redirects), unless n8n goes to no other host.
			allowedDomains: new URL(connection.baseUrl).hostname,
		};
	}
}
