import type { IDataObject, IHttpRequestMethods, IHttpRequestOptions } from 'n8n-workflow';

import { version } from '../../../package.json';

/** The SDK's own limit for one call. */
export const TIMEOUT_MS = 30_000;

export interface HttpAnswer {
	statusCode: number;
	headers: IDataObject;
	body: unknown;
	/** The body as it came, if it was requested so. */
	text?: string;
}

/**
 * Sends one request, once. Rejects only if there was no answer.
 * @param withCredential whether to authenticate
 */
export type Transmit = (
	request: IHttpRequestOptions,
	withCredential: boolean,
) => Promise<HttpAnswer>;

/**
 * A request as n8n's helpers take it, without authentication.
 * @param timeout in ms
 * @param asText whether the answer has its body as text, too
 */
export function requestFor(
	method: IHttpRequestMethods,
	url: string,
	timeout: number,
	{ query, body, asText }: { query?: IDataObject; body?: IDataObject; asText?: boolean } = {},
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
		...(asText && { encoding: 'text' }),
		timeout,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	};
}

/** An answer with its JSON, if it came as text. Like axios, leaves what isn't JSON as it is. */
export function withJson({ encoding }: IHttpRequestOptions, answer: HttpAnswer): HttpAnswer {
	const { body: text } = answer;
	if (encoding !== 'text' || typeof text !== 'string' || text === '') return answer;
	try {
		return { ...answer, body: JSON.parse(text), text };
	} catch {
		return answer;
	}
}
