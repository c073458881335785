import type { IDataObject } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { isAddress, sameAddress } from '../domain/address';
import { dropPrototypes, reportsError } from '../domain/json';
import { quote } from '../domain/parameter';
import { firstFew } from '../domain/text';
import { deletion } from '../schemas/common';
import { inKnownForm } from '../schemas/forms';
import { misfitsIn } from '../schemas/misfits';
import type { Client } from './client';
import type { Secret } from './connection/deployments';
import { hideInUnknown, hideKey, hideKeyIn } from './connection/secrets';
import type { Call } from './errors';
import { errorFor, errorForInside, errorForNotJson, errorForStatus, firstOf } from './errors';
import type { HttpAnswer } from './request';
import { parseRetryAfter } from './retry';
import type { AnswerOf, Route } from './routes';

/** The value at a path in JSON; undefined if there is none. */
function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
	return path.reduce<unknown>(
		(parent, key) =>
			typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined,
		json,
	);
}

/** Where a body doesn't match its schema: a field that is missing or has another format. */
function placesOf({ issues }: z.core.$ZodError, body: unknown): string[] {
	return issues.map(({ code, message, path }) => {
		const place = path.length > 0 ? path.map(String).join('.') : 'the whole body';
		if (code === 'custom') return `${place} ${message}`;
		const isMissing = valueAt(body, path) === undefined;
		return `${place} ${isMissing ? 'is missing' : 'has an unexpected format'}`;
	});
}

/** What is deeper can't be stored: n8n writes an execution with functions that recurse. */
const MAX_DEPTH = 100;
const TOO_DEEP = `the whole body has more than ${MAX_DEPTH} levels of objects and lists`;

/** Rows that are read first. If they don't fit, the others would only take time. */
const FIRST_ROWS = 1_000;

/** The start of a long list, in its envelope. */
function startOf({ rowsAt }: Route, body: unknown): unknown {
	if (Array.isArray(body) && body.length > FIRST_ROWS) return body.slice(0, FIRST_ROWS);
	const [name] = rowsAt ?? [];
	const rows = name === undefined ? undefined : valueAt(body, [name]);
	if (name === undefined || !Array.isArray(rows) || rows.length <= FIRST_ROWS) return undefined;
	return { ...(body as object), [name]: rows.slice(0, FIRST_ROWS) };
}

/** @throws CallError that names what doesn't fit */
function parse<Answer>(
	shape: z.ZodMiniType<Answer>,
	body: unknown,
	call: Call,
	status: number,
): Answer {
	const start = startOf(call.route, body);
	const first = start === undefined ? undefined : z.safeParse(shape, start);
	const parsed = first?.success === false ? first : z.safeParse(shape, body);
	if (parsed.success) return parsed.data;
	const places = firstOf(placesOf(parsed.error, body));
	throw errorFor('drift', { places }, call, { status });
}

/** @throws CallError if the answer for the entry with the ID in the path has another one */
function rejectOtherEntry(call: Call, status: number, body: unknown): void {
	const { id, route } = call;
	const other = route.idAt && valueAt(body, [route.idAt]);
	if (id === undefined || typeof other !== 'string') return;
	if (other.toLowerCase() === id.toLowerCase()) return;
	const facts = { whose: 'another one', place: route.idAt ?? '', other: quote(other) };
	throw errorFor('otherOne', facts, call, { status });
}

/**
 * An answer for one agent must not name another: its data is shown under the agent's name, and
 * merged into what is written to the agent.
 * @throws CallError if it names another one
 */
function rejectOtherAgent(call: Call, status: number, body: unknown): void {
	const { agent, route } = call;
	const { agentAt = [], rowsAt } = route;
	if (agent === undefined) return;
	const rows = rowsAt ? valueAt(body, rowsAt) : [body];
	for (const [index, row] of (rows as object[]).entries()) {
		for (const field of agentAt) {
			const other: unknown = Reflect.get(row, field);
			if (typeof other !== 'string' || sameAddress(other, agent) || !isAddress(other)) continue;
			const place = [...(rowsAt ? [...rowsAt, index] : []), field].join('.');
			throw errorFor('otherOne', { whose: 'another agent', place, other }, call, { status });
		}
	}
}

/** What besides the body says that more rows follow; undefined if nothing does. */
function partOf({ statusCode, headers }: HttpAnswer, rows: number): string | undefined {
	if (/\brel="?next\b/i.test(String(headers.link))) return 'its header Link';
	if (Number(headers['x-total-count']) > rows) return 'its header X-Total-Count';
	return statusCode === 206 ? 'its status 206' : undefined;
}

/** @throws CallError for a part of a list that comes whole */
function rejectPart(call: Call, answer: HttpAnswer, data: unknown): void {
	const part = Array.isArray(data) && partOf(answer, data.length);
	if (!part) return;
	const places = `${part} says that more rows follow`;
	throw errorFor('drift', { places }, call, { status: answer.statusCode });
}

/** Fields that a note names. */
const NAMED_FIELDS = 5;

/** Says which fields couldn't be read, where nothing rests on them. */
function noteMisfits({ note }: Client, { does }: Route, body: unknown, data: unknown): void {
	const misfits = note ? misfitsIn(body, data) : [];
	for (const isMissing of [true, false]) {
		const fields = misfits.filter((one) => one.isMissing === isMissing).map(({ field }) => field);
		if (fields.length === 0) continue;
		const [is, isnt, counts] =
			fields.length === 1 ? ['is', "isn't", 'It counts'] : ['are', "aren't", 'They count'];
		const what = isMissing ? `${is} missing` : `${isnt} as expected`;
		note?.(
			`Ampersend was asked to ${does}, and ${firstFew(fields, NAMED_FIELDS)} ` +
				`${what} in its answer. ${counts} as empty. ` +
				'A newer version of n8n-nodes-ampersend may know more.',
		);
	}
}

/** Whether a route's answer can be empty. An empty text can be a proxy's, so no read has it. */
function mayBeEmpty({ method, answer }: Route, status: number, body: unknown): boolean {
	if (!answer) return status === 204 || body === '';
	const isDoubtful = method === 'GET' && status !== 204 && body === '';
	return !isDoubtful && z.safeParse(answer, undefined).success;
}

/** @throws CallError for an answer that isn't 2xx */
function requireSuccess(call: Call, { statusCode, headers, body }: HttpAnswer): void {
	if (statusCode >= 200 && statusCode < 300) return;
	throw errorForStatus(call, statusCode, body, {
		contentType: typeOf(headers),
		retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
		allow: typeof headers.allow === 'string' ? headers.allow : undefined,
	});
}

/**
 * The JSON of a 2xx answer.
 * @returns undefined for nothing, where a route's answer can be empty
 * @throws CallError for anything else, also for an error inside
 */
function jsonOf(call: Call, { statusCode, headers, body }: HttpAnswer): object | undefined {
	const { route } = call;
	const isEmpty = statusCode === 204 || body === '' || body === null;
	if (isEmpty && mayBeEmpty(route, statusCode, body)) return undefined;
	if (typeof body !== 'object' || body === null) {
		throw errorForNotJson(call, statusCode, body, typeOf(headers));
	}
	if (!route.reportsErrors && reportsError(body)) throw errorForInside(call, statusCode, body);
	return body;
}

/** Statuses of a write that may not be carried out yet, or only in part. */
const NOT_DONE = [202, 207];

/** The answer to a write that need not be done, whatever it shows. @throws CallError */
function notDone(call: Call, { statusCode: status, body }: HttpAnswer): unknown {
	const { answer } = call.route;
	if (reportsError(body)) throw errorForInside(call, status, body);
	// It's read back, then.
	if (answer === deletion) return {};
	if (answer && z.safeParse(answer, undefined).success) return undefined;
	throw errorFor('notDone', {}, call, { status });
}

/** What a route's plain answer is, if this is one; undefined for any other. */
function plainOf(call: Call, { connection }: Client, answer: HttpAnswer): unknown {
	const { statusCode, body, text } = answer;
	// A backslash or a percent sign can spell a key in another way.
	if (text === undefined || statusCode !== 200) return undefined;
	if (text.includes('\\') || text.includes('%')) return undefined;
	return hideKey(connection)(text) === text
		? call.route.plainAnswer?.(body, call.agent)
		: undefined;
}

export function readAnswer<R extends Route>(
	client: Client,
	call: Call,
	route: R,
	answer: HttpAnswer,
	secrets: Secret[],
): AnswerOf<R> {
	const { statusCode, body } = answer;
	const plain = plainOf(call, client, answer);
	if (plain !== undefined) return plain as AnswerOf<R>;
	const depth = dropPrototypes(body);
	hideKeyIn(body, client.connection);
	requireSuccess(call, answer);
	if (NOT_DONE.includes(statusCode) && route.method !== 'GET')
		return notDone(call, answer) as AnswerOf<R>;
	if (depth > MAX_DEPTH)
		throw errorFor('drift', { places: TOO_DEEP }, call, { status: statusCode });
	const json = jsonOf(call, answer);
	if (!json || !route.answer) return undefined as AnswerOf<R>;
	const known = inKnownForm(route.answer, json);
	const data = parse(route.answer, known, call, statusCode);
	rejectPart(call, answer, data);
	rejectOtherAgent(call, statusCode, known);
	rejectOtherEntry(call, statusCode, known);
	noteMisfits(client, route, known, data);
	hideInUnknown(route.answer, data, secrets);
	return data as AnswerOf<R>;
}

export function typeOf(headers: IDataObject): string {
	return String(headers['content-type'] ?? '').split(';')[0] ?? '';
}
