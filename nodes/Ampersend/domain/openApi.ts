import * as z from 'zod/v4-mini';

import { ParameterError, quote } from './parameter';
import { parsePublicUrl } from './publicUrl';
import { withoutTrailing } from './text';

/** One operation of an OpenAPI document, as an endpoint needs it. */
export interface OpenApiOperation {
	/** Names it in a message, e.g. `OpenAPI Document: GET /weather`. */
	place: string;
	method: string;
	/** Whole address. A path parameter stays as it is in the document, e.g. `/cities/{id}`. */
	url: string;
	name: string;
	description?: string;
	/** USDC, unchecked; absent for the default. */
	price?: unknown;
	/** Calls in a minute, unchecked. */
	rateLimit?: unknown;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

const text = z.optional(z.string());

const operation = z.looseObject({ summary: text, operationId: text, description: text });

const openApi = z.looseObject({
	servers: z.optional(
		z.array(
			z.looseObject({
				url: z.string(),
				variables: z.optional(
					z.record(z.string(), z.looseObject({ default: z.union([z.string(), z.number()]) })),
				),
			}),
		),
	),
	paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

const jsonText = z.pipe(
	z.string(),
	z.transform((json, { issues }): unknown => {
		try {
			return JSON.parse(json);
		} catch {
			issues.push({ code: 'custom', input: json, message: 'is not JSON' });
			return undefined;
		}
	}),
);

const SET_BASE_URL = 'Add Base URL to Additional Fields.';

/** The JSON of a field: an object from an expression, or its text. */
function parseJson(parameter: string, value: unknown): unknown {
	if (typeof value !== 'string') return value;
	if (value.trim() === '') {
		throw new ParameterError(parameter, 'is empty.', 'Paste an OpenAPI 3 document, as JSON.');
	}
	const { success, data } = z.safeParse(jsonText, value);
	if (success) return data;
	throw new ParameterError(
		parameter,
		'is not JSON.',
		'If the document is YAML, convert it to JSON first.',
	);
}

/** @throws ParameterError where the document isn't OpenAPI 3, or has a part of another form */
function parseDocument(parameter: string, value: unknown): z.infer<typeof openApi> {
	const json = parseJson(parameter, value);
	const version: unknown =
		typeof json === 'object' && json !== null ? Reflect.get(json, 'openapi') : undefined;
	if (typeof version !== 'string' || !version.startsWith('3.')) {
		throw new ParameterError(
			parameter,
			'is not OpenAPI 3.',
			'It needs "openapi": "3.…". Convert a Swagger 2 document to OpenAPI 3 first.',
		);
	}
	const { success, data, error } = z.safeParse(openApi, json);
	if (success) return data;
	const place = error.issues[0]?.path.map(String).join('.') ?? '';
	throw new ParameterError(
		parameter,
		`${quote(place)} is missing or has another form than in OpenAPI 3.`,
		'Check the document with an OpenAPI validator.',
	);
}

/** Where the API is: the document's first server, with the defaults of its variables. */
function baseOf(parameter: string, { servers }: z.infer<typeof openApi>): string {
	const [server] = servers ?? [];
	if (!server) throw new ParameterError(parameter, 'names no server.', SET_BASE_URL);
	const { url, variables = {} } = server;
	const filled = url.replace(/\{([^{}]{1,100})\}/g, (variable, name: string) =>
		Object.hasOwn(variables, name) ? String(variables[name]?.default) : variable,
	);
	if (URL.canParse(filled)) return filled;
	throw new ParameterError(
		parameter,
		`its server ${quote(filled)} is not a whole web address.`,
		SET_BASE_URL,
	);
}

/** The first text that isn't blank. */
function firstText(...candidates: unknown[]): string | undefined {
	return candidates
		.filter((one): one is string => typeof one === 'string')
		.map((one) => one.trim())
		.find((one) => one !== '');
}

/**
 * Reads a field of a path. The names of the extensions are those of the SDK (branch
 * feat/agent-hosted-endpoints, openapi-import.ts).
 * @param field the name of an HTTP method; undefined is returned for other fields
 * @throws ParameterError for a reference, or where it has another form
 */
function readOperation(
	parameter: string,
	base: string,
	path: string,
	[field, value]: [field: string, value: unknown],
): OpenApiOperation | undefined {
	const method = field.toUpperCase();
	const place = `${parameter}: ${method} ${path.slice(0, 200)}`;
	if (field === '$ref') {
		throw new ParameterError(place, "can't be followed.", 'Resolve references first.');
	}
	if (!METHODS.includes(field)) return undefined;
	const { success, data } = z.safeParse(operation, value);
	if (!success) {
		throw new ParameterError(
			place,
			'has another form than in OpenAPI 3.',
			'Check the document with an OpenAPI validator.',
		);
	}
	const { summary, operationId, description } = data;
	return {
		place,
		method,
		url: `${base}${path.startsWith('/') ? '' : '/'}${path}`,
		name: firstText(data['x-ampersend-name'], summary, operationId) ?? `${method} ${path}`,
		description: firstText(data['x-ampersend-description'], description, summary),
		price: data['x-ampersend-price'],
		rateLimit: data['x-ampersend-rate-limit'],
	};
}

/**
 * Reads the operations of an OpenAPI 3 document.
 * @param baseUrl replaces the document's server; empty for none
 * @throws ParameterError naming the document and the place in it
 */
export function readOpenApi(
	parameter: string,
	value: unknown,
	baseUrl: string,
): OpenApiOperation[] {
	const document = parseDocument(parameter, value);
	const base = parsePublicUrl(
		baseUrl === '' ? `${parameter}: servers` : 'Base URL',
		withoutTrailing(baseUrl === '' ? baseOf(parameter, document) : baseUrl, '/'),
	);
	const operations = Object.entries(document.paths).flatMap(([path, item]) =>
		Object.entries(item).flatMap((field) => readOperation(parameter, base, path, field) ?? []),
	);
	if (operations.length > 0) return operations;
	throw new ParameterError(parameter, 'has no operations.', 'Add paths with HTTP methods to it.');
}
