import { isRecord } from '../json';
import { ParameterError, parseJson } from '../parameter';

/** What a seller answered. */
export interface SellerAnswer {
	/** Undefined if the item doesn't have it. */
	status: number | undefined;
	/** By names in lower case. */
	headers: ReadonlyMap<string, string>;
	/** As JSON where it is JSON. */
	body: unknown;
	/** Whether n8n took the request for failed, as it does without an answer. */
	isFailed: boolean;
}

/** What to set in n8n's HTTP Request node, so that an item has the whole answer. */
export const WHOLE_ANSWER =
	'In the HTTP Request node, add the option Response, and turn on Include Response Headers and ' +
	'Status, and Never Error.';

const parsed = (value: unknown): unknown =>
	typeof value === 'string' ? (parseJson(value) ?? value) : value;

const parts = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

const isSimple = (value: unknown): value is string | number =>
	typeof value === 'string' || typeof value === 'number';

function statusOf(...candidates: unknown[]): number | undefined {
	const numbers = candidates.filter(isSimple).map(Number);
	return numbers.find((number) => number >= 100 && number < 600);
}

function headersOf(headers: unknown): Map<string, string> {
	const texts = Object.entries(parts(headers)).flatMap(([name, value]): Array<[string, string]> => {
		const [first] = [value].flat();
		return isSimple(first) ? [[name.toLowerCase(), String(first)]] : [];
	});
	return new Map(texts);
}

/**
 * An item for a request that n8n's HTTP Request node took for failed (n8n-nodes-base 2.41,
 * HttpRequestV3 and error-details: the body is in `details` since its version 4.5).
 */
function readFailed(item: Record<string, unknown>): SellerAnswer {
	const [error, details] = [parts(item.error), parts(item.details)];
	const response = parts(error.response);
	const { data, body } = response;
	return {
		status: statusOf(details.httpCode, error.httpCode, error.status, response.status),
		headers: headersOf(response.headers),
		body: parsed(details.body ?? data ?? body ?? error.error),
		isFailed: true,
	};
}

/**
 * Reads what n8n's HTTP Request node gives for an answer: all of it (`statusCode`, `headers`, and
 * `body`, or `data` if its type isn't JSON), its body alone, or what it gives for a failed request.
 * @throws ParameterError if it's no object, or text of one
 */
export function readSellerAnswer(parameter: string, value: unknown): SellerAnswer {
	const item = parsed(value);
	if (!isRecord(item)) {
		throw new ParameterError(
			parameter,
			"isn't the answer of a seller.",
			`Connect the HTTP Request node that asks the seller. ${WHOLE_ANSWER}`,
		);
	}
	const { statusCode, headers, body, data } = item;
	const bare = (content: unknown): SellerAnswer => ({
		status: undefined,
		headers: new Map(),
		body: content,
		isFailed: false,
	});
	if ('x402Version' in item) return bare(item);
	if (isRecord(item.error)) return readFailed(item);
	if (statusCode !== undefined || isRecord(headers)) {
		const status = statusOf(statusCode);
		return { status, headers: headersOf(headers), body: parsed(body ?? data), isFailed: false };
	}
	const isText = Object.keys(item).length === 1 && data !== undefined;
	return bare(isText ? parsed(data) : item);
}

/** Node.js takes 16 KB of headers, all of them together, unless a server says otherwise. */
const MAX_HEADER_CHARACTERS = 65_536;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The JSON object in a header of x402: Base64 of UTF-8.
 * @returns undefined if it isn't one
 */
export function decodeHeader(text: string): Record<string, unknown> | undefined {
	if (text.length > MAX_HEADER_CHARACTERS || !BASE64.test(text)) return undefined;
	const decoded = parsed(Buffer.from(text, 'base64').toString('utf8'));
	return isRecord(decoded) ? decoded : undefined;
}
