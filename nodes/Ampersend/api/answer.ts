import type { IDataObject } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { isAddress, sameAddress } from '../domain/address';
import { dropPrototypes } from '../domain/json';
import { inKnownForm } from '../schemas/forms';
import { misfitsIn } from '../schemas/misfits';
import type { Client } from './client';
import type { Secret } from './connection/deployments';
import { hideInUnknown, hideKeyIn } from './connection/secrets';
import type { Call } from './errors';
import { errorFor, errorForNotJson, errorForStatus, firstOf } from './errors';
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
function placesOf(error: z.core.$ZodError, body: unknown): string[] {
	return error.issues.map(({ code, message, path }) => {
		const place = path.length > 0 ? path.map(String).join('.') : 'the whole body';
		if (code === 'custom') return `${place} ${message}`;
		const isMissing = valueAt(body, path) === undefined;
		return `${place} ${isMissing ? 'is missing' : 'has an unexpected format'}`;
	});
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
			throw errorFor('otherAgent', { place, other }, call, { status });
		}
	}
}

/** Says which fields couldn't be read, where nothing rests on them. */
function noteMisfits({ note }: Client, { does }: Route, body: unknown, data: unknown): void {
	if (!note) return;
	for (const { field, isMissing } of misfitsIn(body, data)) {
		note(
			`Ampersend was asked to ${does}, and ${field} ` +
				`${isMissing ? 'is missing in its answer' : "isn't as expected in its answer"}. ` +
				'It counts as empty. A newer version of n8n-nodes-ampersend may know more.',
		);
	}
}

/** Whether a route's answer can be empty. An empty text can be a proxy's, so no read has it. */
function mayBeEmpty({ method, answer }: Route, status: number, body: unknown): boolean {
	if (!answer) return status === 204 || body === '';
	const isDoubtful = method === 'GET' && status !== 204 && body === '';
	return !isDoubtful && z.safeParse(answer, undefined).success;
}

export function readAnswer<R extends Route>(
	client: Client,
	call: Call,
	route: R,
	{ statusCode, headers, body }: HttpAnswer,
	secrets: Secret[],
): AnswerOf<R> {
	dropPrototypes(body);
	hideKeyIn(body, client.connection);
	const contentType = typeOf(headers);
	if (statusCode < 200 || statusCode >= 300) {
		const retryAfterMs = parseRetryAfter(headers['retry-after'], Date.now());
		const allow = typeof headers.allow === 'string' ? headers.allow : undefined;
		throw errorForStatus(call, statusCode, body, { contentType, retryAfterMs, allow });
	}
	if (statusCode === 204 || body === '' || body === null) {
		if (mayBeEmpty(route, statusCode, body)) return undefined as AnswerOf<R>;
	}
	if (typeof body !== 'object' || body === null) {
		throw errorForNotJson(call, statusCode, body, contentType);
	}
	if (!route.answer) return undefined as AnswerOf<R>;
	const known = inKnownForm(route.answer, body);
	const parsed = z.safeParse(route.answer, known);
	if (!parsed.success) {
		const places = firstOf(placesOf(parsed.error, known));
		throw errorFor('drift', { places }, call, { status: statusCode });
	}
	rejectOtherAgent(call, statusCode, known);
	noteMisfits(client, route, known, parsed.data);
	hideInUnknown(route.answer, parsed.data, secrets);
	return parsed.data as AnswerOf<R>;
}

export function typeOf(headers: IDataObject): string {
	return String(headers['content-type'] ?? '').split(';')[0] ?? '';
}
