import { setTimeout as sleep } from 'node:timers/promises';
import { fetch, type Response } from 'undici';
import { version } from '../../package.json';
import { CannotRun } from './args.mts';
import { cutBelow } from './json.mts';

export interface Ask {
	method: string;
	/** Without a trailing slash. */
	base: string;
	path: string;
	query?: Readonly<Record<string, string | number>>;
	body?: unknown;
	/** Nothing is sent as `Authorization` if absent. */
	token?: string;
}

export interface PartOfList {
	hasNextLink: boolean;
	/** `X-Total-Count`; NaN without one. */
	total: number;
}

const noPart: PartOfList = { hasNextLink: false, total: NaN };

export interface Answer {
	/** HTTP status; 0 if there was no answer. */
	status: number;
	/** JSON, or undefined. */
	body: unknown;
	/** What it says of an error in spite of a status of success. */
	error?: string;
	/** Whether there was a body, and it wasn't JSON. */
	isOther: boolean;
	/** Whether it had more levels than the package reads. The body has none of those below. */
	isTooDeep: boolean;
	/** What besides the body can say that it's a part of a list. */
	part: PartOfList;
	/** Methods that the service names with a 405. */
	allow: string[];
	/** The service's time, epoch ms. */
	date: number | undefined;
	/** Of the last attempt, ms. */
	ms: number;
	/** Why there was no answer. */
	failure?: string;
}

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_WAIT_MS = 30_000;
const MAX_ATTEMPTS = 3;
const RETRIED = [429, 502, 503, 504];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** As in `api/answer.ts`. */
export const MAX_LEVELS = 100;

const headerOf = ({ headers }: Response, name: string): string => headers.get(name) ?? '';

/** As `api/answer.ts` reads it. */
const partOf = (response: Response): PartOfList => ({
	hasNextLink: /\brel="?next\b/i.test(headerOf(response, 'link')),
	total: Number(headerOf(response, 'x-total-count') || NaN),
});

/** Decompressed, and without a byte order mark, as the node gets it. */
async function textOf({ body }: Response): Promise<string> {
	const parts: Uint8Array[] = [];
	let bytes = 0;
	for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
		bytes += part.length;
		if (bytes > MAX_BYTES) throw new Error('too large');
		parts.push(part);
	}
	return new TextDecoder().decode(Buffer.concat(parts));
}

type Parsed = Pick<Answer, 'body' | 'isOther' | 'isTooDeep'>;

function parsed(text: string): Parsed {
	const none = { body: undefined, isOther: text !== '', isTooDeep: false };
	if (text === '') return none;
	try {
		const body: unknown = JSON.parse(text);
		return { isOther: false, isTooDeep: cutBelow(body, MAX_LEVELS), body };
	} catch {
		return none;
	}
}

function failureOf(error: unknown): string {
	const { name, message, cause } = Object(error) as Record<string, unknown>;
	const { code } = Object(cause ?? error) as Record<string, unknown>;
	if (name === 'TimeoutError' || name === 'AbortError') return 'time limit';
	if (message === 'too large') return `an answer of more than ${MAX_BYTES} bytes`;
	return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'connection closed';
}

/** Sends one request at a time, each within its time, and all within the time of the run. */
export class Requests {
	count = 0;
	readonly #endsAt: number;

	constructor(
		private readonly limits: { requestMs: number; runMs: number },
		private readonly progress: (line: string) => void,
	) {
		this.#endsAt = performance.now() + limits.runMs;
	}

	/** @throws CannotRun when the time of the run is over */
	async send(ask: Ask, shown: string): Promise<Answer> {
		for (let attempt = 1; ; attempt++) {
			const [answer, waitMs] = await this.#once(ask);
			const what = answer.failure ?? String(answer.status);
			this.progress(`${shown}  ${what}  ${Math.round(answer.ms)} ms`);
			const isRetried =
				RETRIED.includes(answer.status) && (ask.method === 'GET' || answer.status === 429);
			if (!isRetried || attempt >= MAX_ATTEMPTS || waitMs > MAX_WAIT_MS) return answer;
			await sleep(Math.min(waitMs, this.#left()));
		}
	}

	#left(): number {
		const left = this.#endsAt - performance.now();
		if (left > 0) return left;
		throw new CannotRun(
			`The run was not over after ${this.limits.runMs / 1_000} s. Give it more with --seconds.`,
		);
	}

	async #once({ method, base, path, query = {}, body, token }: Ask): Promise<[Answer, number]> {
		const left = Math.min(this.limits.requestMs, this.#left());
		const url = new URL(base + path);
		for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
		this.count += 1;
		const began = performance.now();
		const tookMs = (): number => performance.now() - began;
		try {
			const response = await fetch(url, {
				method,
				redirect: 'manual',
				headers: {
					accept: 'application/json',
					'ampersend-client': `n8n-nodes-ampersend/${version}`,
					...(token !== undefined && { authorization: `Bearer ${token}` }),
					...(body !== undefined && { 'content-type': 'application/json' }),
				},
				...(body !== undefined && { body: JSON.stringify(body) }),
				signal: AbortSignal.timeout(Math.ceil(left)),
			});
			const text = await textOf(response);
			const date = Date.parse(headerOf(response, 'date'));
			const allowed = headerOf(response, 'allow').toUpperCase().split(',');
			const seconds = Number(headerOf(response, 'retry-after') || '1');
			const answer = {
				status: response.status,
				...parsed(text),
				part: partOf(response),
				allow: METHODS.filter((one) => allowed.some((name) => name.trim() === one)),
				date: Number.isNaN(date) ? undefined : date,
				ms: tookMs(),
			};
			return [answer, Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : 5_000];
		} catch (error) {
			const none = { status: 0, ...parsed(''), part: noPart, allow: [], date: undefined };
			return [{ ...none, ms: tookMs(), failure: failureOf(error) }, 0];
		}
	}
}
