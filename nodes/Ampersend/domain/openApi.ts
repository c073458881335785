import * as z from 'zod/v4-mini';

import { dropPrototypes } from './json';
import { ParameterError, quote, rejectKey } from './parameter';
import { parsePublicUrl, WHOLE_ADDRESS } from './publicUrl';
import { looksSecret } from './secret';
import { withoutTrailing } from './text';
import { parseUrl } from './webAddress';

/** One operation of an OpenAPI document, as an endpoint needs it. */
export interface OpenApiOperation {
	/** Names it in a message, e.g. `OpenAPI Document: GET /weather`. */
	place: string;
	method: string;
	/** Whole, encoded. A path parameter stays as it is in the document, e.g. `/cities/{id}`. */
	url: string;
	name: string;
	description?: string;
	/** USDC, unchecked; absent for the default. */
	price?: unknown;
	/** Calls in a minute, unchecked. */
	rateLimit?: unknown;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

/** What a path has besides operations and extensions (OpenAPI 3, Path Item Object). */
const PATH_FIELDS = ['summary', 'description', 'servers', 'parameters'];

/**
 * The extensions of an operation. Their names are those of the SDK (branch
 * feat/agent-hosted-endpoints, openapi-import.ts).
 */
const EXTENSIONS = [
	'x-ampersend-price',
	'x-ampersend-name',
	'x-ampersend-description',
	'x-ampersend-rate-limit',
];

const text = z.optional(z.string());

const serverShape = z.looseObject({
	url: z.string(),
	variables: z.optional(
		z.record(z.string(), z.looseObject({ default: z.union([z.string(), z.number()]) })),
	),
});

/** The document, a path and an operation can have servers. */
const servers = z.optional(z.array(serverShape));

type Server = z.infer<typeof serverShape>;

const operation = z.looseObject({
	summary: text,
	operationId: text,
	description: text,
	servers,
});

const pathItem = z.looseObject({ servers });

const openApi = z.looseObject({ servers, paths: z.record(z.string(), z.unknown()) });

const jsonText = z.pipe(
	z.unknown(),
	z.transform((json, { issues }): unknown => {
		try {
			// A copy, since it changes below, and an item may hold the original.
			const value: unknown = JSON.parse(
				typeof json === 'string' ? json.trim() : JSON.stringify(json),
			);
			dropPrototypes(value);
			return value;
		} catch {
			issues.push({ code: 'custom', input: json, message: 'is not JSON' });
			return undefined;
		}
	}),
);

const SET_BASE_URL = 'Add Base URL to Additional Fields.';
const CHANGE_DOCUMENT = 'Correct it in the document.';

/** The JSON of a field: an object from an expression, or its text, maybe with a byte order mark. */
function parseJson(parameter: string, value: unknown): unknown {
	if (typeof value === 'string' && value.trim() === '') {
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
		`${quote(place)} is missing or doesn't match OpenAPI 3.`,
		'Check the document with an OpenAPI validator.',
	);
}

/** What a variable or path parameter leaves in an address, encoded too. */
const BRACE = /[{}]|%7[bd]/i;

/**
 * Checks an address that paths follow.
 * @param advice how to give another one
 */
function parseBase(place: string, value: string, advice: string): string {
	if (BRACE.test(value)) {
		throw new ParameterError(place, `${quote(value)} has a variable without a value.`, advice);
	}
	const base = parsePublicUrl(place, value, advice);
	if (!/[?#]/.test(base)) return withoutTrailing(base, '/');
	throw new ParameterError(place, 'has a "?" or "#", so no path can follow it.', advice);
}

/** Where the API is: the first server, with the defaults of its variables. */
function baseOf(place: string, [server]: Server[], advice: string): string {
	if (!server) throw new ParameterError(place, 'names no server.', advice);
	const { url, variables = {} } = server;
	const filled = url.replace(/\{([^{}]{1,100})\}/g, (variable, name: string) =>
		Object.hasOwn(variables, name) ? String(variables[name]?.default) : variable,
	);
	if (parseUrl(filled)) return parseBase(place, filled, advice);
	throw new ParameterError(place, `${quote(filled)} is not a whole web address.`, advice);
}

/** What ends a path, what URL drops or replaces in silence, or a control character. */
const NOT_IN_PATH = /[\s\\?#\p{Cc}\p{Cf}\p{Cs}]|%(?:[01][\da-f]|7[bdf])/iu;

/** Parts that lead out of the path before them. */
const DOTS = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** A path parameter. */
const PARAMETER = /\{[^{}/]+\}/g;

/** The address of an operation, encoded except for the braces of path parameters. */
function addressOf(place: string, base: string, path: string): string {
	if (BRACE.test(path.replace(PARAMETER, ''))) {
		throw new ParameterError(
			place,
			'its path has a brace that belongs to no parameter.',
			CHANGE_DOCUMENT,
		);
	}
	if (NOT_IN_PATH.test(path) || DOTS.test(path)) {
		throw new ParameterError(
			place,
			'its path has white space, an invisible character, one of ? # \\, or . or .. as a part.',
			CHANGE_DOCUMENT,
		);
	}
	const { href } = new URL(`${base}${path.startsWith('/') ? '' : '/'}${path}`);
	const address = href.replaceAll('%7B', '{').replaceAll('%7D', '}');
	return parsePublicUrl(place, address, CHANGE_DOCUMENT);
}

/** The first text that isn't blank. */
function firstText(...candidates: unknown[]): string | undefined {
	return candidates
		.filter((entry): entry is string => typeof entry === 'string')
		.map((entry) => entry.trim())
		.find((entry) => entry !== '');
}

/** Where a document has something, for messages. */
function placeIn(parameter: string, name: string): string {
	const shown = name.slice(0, 200);
	if (looksSecret(shown)) return `${parameter}: a path that looks like a secret`;
	return `${parameter}: ${shown.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')}`;
}

/** @throws ParameterError that names the place, where a part has another form */
function readPart<Part>(shape: z.ZodMiniType<Part>, place: string, value: unknown): Part {
	const { success, data } = z.safeParse(shape, value);
	if (success) return data;
	throw new ParameterError(
		place,
		"doesn't match OpenAPI 3.",
		'Check the document with an OpenAPI validator.',
	);
}

/** @throws ParameterError for a reference: what it refers to isn't read */
function rejectReference(parameter: string, name: string, value: object): void {
	if (!Object.hasOwn(value, '$ref')) return;
	throw new ParameterError(
		placeIn(parameter, `$REF ${name}`),
		"can't be followed.",
		'Resolve references first.',
	);
}

/**
 * A price that isn't read must not become the default price.
 * @param known the extensions that are read there
 * @throws ParameterError for an extension that isn't
 */
function rejectExtensions(place: string, value: object, known: string[] = []): void {
	const other = Object.keys(value).find(
		(field) => /^x[-_]?ampersend/i.test(field) && !known.includes(field),
	);
	if (other === undefined) return;
	throw new ParameterError(
		place,
		`${quote(other)} isn't read here.`,
		`Use only these, in lower case and in operations: ${EXTENSIONS.join(', ')}.`,
	);
}

/** @throws ParameterError for what may be an operation, and can't be sold */
function rejectOthers(parameter: string, path: string, item: object): void {
	const other = Object.keys(item).find(
		(field) => !METHODS.includes(field) && !PATH_FIELDS.includes(field) && !/^x-/i.test(field),
	);
	if (other === undefined) return;
	throw new ParameterError(
		placeIn(parameter, path),
		`${quote(other)} isn't an operation that can be sold.`,
		`Remove it, or use one of: ${METHODS.join(', ')}, in lower case.`,
	);
}

/** @throws ParameterError where two operations are one */
function rejectTwice(operations: OpenApiOperation[]): void {
	const seen = new Set<string>();
	for (const { place, method, url } of operations) {
		const key = `${method} ${url}`;
		if (seen.has(key)) {
			throw new ParameterError(place, `is there twice, as ${quote(url)}.`, 'Remove one of them.');
		}
		seen.add(key);
	}
}

/** The address before a path. @param own servers of an operation and of its path */
type BaseFor = (...own: Array<[place: string, servers: Server[] | undefined]>) => string;

/**
 * Reads a path.
 * @throws ParameterError for a reference, what isn't read, or where it has another form
 */
function readPath(
	parameter: string,
	baseFor: BaseFor,
	[path, value]: [path: string, value: unknown],
): OpenApiOperation[] {
	const pathPlace = placeIn(parameter, path);
	const item = readPart(pathItem, pathPlace, value);
	rejectReference(parameter, path, item);
	rejectExtensions(pathPlace, item);
	rejectOthers(parameter, path, item);
	const methods = Object.keys(item).filter((field) => METHODS.includes(field));
	return methods.map((field) => {
		const method = field.toUpperCase();
		const place = placeIn(parameter, `${method} ${path}`);
		const data = readPart(operation, place, item[field]);
		rejectReference(parameter, `${method} ${path}`, data);
		rejectExtensions(place, data, EXTENSIONS);
		const { summary, operationId, description } = data;
		const base = baseFor([place, data.servers], [pathPlace, item.servers]);
		const name = firstText(data['x-ampersend-name'], summary, operationId) ?? `${method} ${path}`;
		const about = firstText(data['x-ampersend-description'], description, summary);
		rejectKey(`${place}: name`, name);
		rejectKey(`${place}: description`, about ?? '');
		return {
			place,
			method,
			url: addressOf(place, base, path),
			name,
			description: about,
			price: data['x-ampersend-price'],
			rateLimit: data['x-ampersend-rate-limit'],
		};
	});
}

/**
 * Reads the operations of an OpenAPI 3 document.
 * @param baseUrl replaces the document's servers, but not those of a path or an operation; empty
 * for none
 * @throws ParameterError naming the document and the place in it
 */
export function readOpenApi(
	parameter: string,
	value: unknown,
	baseUrl: string,
): OpenApiOperation[] {
	const document = parseDocument(parameter, value);
	for (const part of [document, document.paths, document.info]) {
		if (typeof part === 'object' && part !== null) rejectExtensions(parameter, part);
	}
	const replacement = baseUrl === '' ? undefined : parseBase('Base URL', baseUrl, WHOLE_ADDRESS);
	const baseFor: BaseFor = (...own) => {
		for (const [place, found = []] of own) {
			if (found.length > 0) return baseOf(`${place}: servers`, found, CHANGE_DOCUMENT);
		}
		return replacement ?? baseOf(`${parameter}: servers`, document.servers ?? [], SET_BASE_URL);
	};
	const operations = Object.entries(document.paths)
		.filter(([path]) => !path.startsWith('x-'))
		.flatMap((entry) => readPath(parameter, baseFor, entry));
	rejectTwice(operations);
	if (operations.length > 0) return operations;
	throw new ParameterError(parameter, 'has no operations.', 'Add paths with HTTP methods to it.');
}
