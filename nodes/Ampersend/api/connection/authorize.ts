import type { IHttpRequestOptions } from 'n8n-workflow';

import type { Authentication } from '../../domain/authentication';
import { authenticationNames, authentications } from '../../domain/authentication';
import { ParameterError } from '../../domain/parameter';
import { parseUrl } from '../../domain/webAddress';
import type { Connection } from './deployments';
import { assertKeyBelongsTo, authorizationHeaders, CredentialError } from './deployments';

/** The HTTP Request node passes `uri`, newer helpers `url`. */
type AnyRequestOptions = IHttpRequestOptions & { uri?: string };

/**
 * Every address that n8n may call for a request. Its HTTP client joins a base and a target by other
 * rules than `URL` ("\\host" and " //host" are paths to it), so the base itself counts too.
 */
function targetsOf({ url, uri, baseURL }: AnyRequestOptions): string[] {
	const target = url ?? uri ?? '';
	if (!baseURL) return [target];
	return [baseURL, parseUrl(target, baseURL)?.href ?? target];
}

/**
 * n8n logs in and authorizes the request again if a call ends with 401 (n8n-core,
 * authentication.js). This stands for that answer, so no service sees a token that isn't for it.
 */
function noSession(): CredentialError {
	const error = new CredentialError(
		'The agent has no session for this request.',
		"Run it again: n8n then logs in. If that doesn't help, save the credential again.",
	);
	return Object.assign(error, { response: { status: 401 } });
}

/**
 * A request with what authorizes it, for n8n's `authenticate`.
 * @throws CredentialError before anything is sent, if the host isn't the connection's own, or there
 * is no session for it
 */
export function authorize(
	connection: Connection,
	request: IHttpRequestOptions,
): IHttpRequestOptions {
	for (const target of targetsOf(request)) assertKeyBelongsTo(connection, target);
	if (connection.token === '') throw noSession();
	const otherHeaders = Object.entries(request.headers ?? {}).filter(
		([name]) => name.toLowerCase() !== 'authorization',
	);
	return {
		...request,
		headers: { ...Object.fromEntries(otherHeaders), ...authorizationHeaders(connection) },
		// Otherwise n8n sends the key to whatever host a redirect names.
		sendCredentialsOnCrossOriginRedirect: false,
		// A subdomain would still get it (follow-redirects), so n8n must not call any other host.
		allowedDomains: new URL(connection.baseUrl).hostname,
	};
}

/**
 * What is asked for can only be done with the other authentication.
 * @throws ParameterError always
 */
export function rejectAuthentication(authentication: Authentication, what = 'this'): never {
	const others = authenticationNames
		.filter((name) => name !== authentication)
		.map((name) => authentications[name].credentialName);
	throw new ParameterError(
		// n8n's editor shows the credential instead of the Authentication parameter.
		'Credential',
		`${authentications[authentication].who} can't be used for ${what}.`,
		`Choose an ${others.join(' or ')} credential, or another operation.`,
	);
}
