import type { IDataObject, IHttpRequestMethods, IHttpRequestOptions } from 'n8n-workflow';

import { version } from '../../../package.json';

/** The SDK's own limit for one call. */
export const TIMEOUT_MS = 30_000;

export interface HttpAnswer {
	statusCode: number;
	headers: IDataObject;
	body: unknown;
}

/**
 * Sends one request, once. Rejects only if there was no answer.
 * @param withCredential whether to authenticate
 */
export type Transmit = (
	request: IHttpRequestOptions,
	withCredential: boolean,
) => Promise<HttpAnswer>;

/** A request as n8n's helpers take it, without authentication. @param timeout in ms */
export function requestFor(
	method: IHttpRequestMethods,
	url: string,
	timeout: number,
	{ query, body }: { query?: IDataObject; body?: IDataObject } = {},
): IHttpRequestOptions {
	return {
		method,
		url,
		headers: {
			Accept: 'application/json',
			'Ampersend-Client': `n8n-nodes-ampersend/${version}`,
		},
		...(query && { qs: query }),
		...(body && { body }),
		json: true,
		timeout,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	};
}
