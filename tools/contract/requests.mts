import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { version } from '../../package.json';
import { CannotRun } from './args.mts';
import { errorIn } from './complaints.mts';

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

export interface Answer {
	/** HTTP status; 0 if there was no answer. */
	status: number;
	/** JSON, or undefined. */
	body: unknown;
	/** What it says of an error in spite of a status of success. */
	error?: string;
	/** Whether there was a body, and it wasn't JSON. */
	isOther: boolean;
	/** Methods that the service names with a 405. */
	allow: string[];
	/** The service's time, epoch ms. */
	date: number | undefined;
	/** Of the last attempt, ms. */
	ms: number;
	/** Why there was no answer. */
	failure?: string;
}

const MOST_BYTES = 32 * 1024 * 1024;
const MOST_WAIT_MS = 30_000;
const MOST_ATTEMPTS = 3;
const RETRIED = [429, 502, 503, 504];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

type Response = Awaited<ReturnType<typeof request>>;

const headerOf = ({ headers }: Response, name: string): string => String(headers[name] ?? '');

async function textOf({ body }: Response): Promise<string> {
	const parts: Buffer[] = [];
	let bytes = 0;
	for await (const part of body as AsyncIterable<Buffer>) {
		bytes += part.length;
		if (bytes > MOST_BYTES) throw new Error('too large');
		parts.push(part);
	}
	return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string, status: number): Pick<Answer, 'body' | 'isOther' | 'error'> {
	if (text === '') return { body: undefined, isOther: false };
	try {
		const body: unknown = JSON.parse(text);
		return { body, isOther: false, error: status < 300 ? errorIn(body) : undefined };
	} catch {
		return { body: undefined, isOther: true };
	}
}

function failureOf(error: unknown): string {
	const { name, code, message } = Object(error) as Record<string, unknown>;
	if (name === 'TimeoutError' || name === 'AbortError') return 'time limit';
	if (message === 'too large') return `an answer of more than ${MOST_BYTES} bytes`;
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
			if (!isRetried || attempt >= MOST_ATTEMPTS || waitMs > MOST_WAIT_MS) return answer;
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
			const response = await request(url, {
				method: method as 'GET',
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
				status: response.statusCode,
				...parsed(text, response.statusCode),
				allow: METHODS.filter((one) => allowed.some((name) => name.trim() === one)),
				date: Number.isNaN(date) ? undefined : date,
				ms: tookMs(),
			};
			return [answer, Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : 5_000];
		} catch (error) {
			const none = { status: 0, body: undefined, isOther: false, allow: [], date: undefined };
			return [{ ...none, ms: tookMs(), failure: failureOf(error) }, 0];
		}
	}
}
