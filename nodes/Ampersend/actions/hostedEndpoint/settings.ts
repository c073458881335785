import type { IDataObject } from 'n8n-workflow';

import {
	allowedMethodsField,
	descriptionField,
	instructionsField,
	methods,
	proxyHeadersField,
	rateLimitField,
	requiredHeadersField,
	timeoutField,
} from '../../descriptions/hostedEndpoint';
import { parseHeaderName, parseHeaderValue } from '../../domain/identifier';
import { withoutUndefined } from '../../domain/json';
import {
	ParameterError,
	quote,
	readPublicText,
	readWholeNumber,
	readWords,
} from '../../domain/parameter';
import type { HostedEndpointUpdate } from '../../schemas/hostedEndpoint';

/** @returns undefined for none */
function readNumber(
	parameter: string,
	{ minValue, maxValue }: { minValue: number; maxValue: number },
	value: unknown,
): number | undefined {
	return readWholeNumber(parameter, value, [minValue, maxValue], 'remove the field');
}

/**
 * Calls in a minute; undefined for none.
 * @param parameter what names the value, if not the field
 */
export function readRateLimit(
	value: unknown,
	parameter = rateLimitField.displayName as string,
): number | undefined {
	return readNumber(parameter, rateLimitField.typeOptions, value);
}

/** Milliseconds; undefined for none. */
export function readTimeout(value: unknown): number | undefined {
	return readNumber(timeoutField.displayName, timeoutField.typeOptions, value);
}

/** @throws ParameterError for a method that doesn't exist, or for none */
function readMethods(value: unknown): string[] | undefined {
	if (value === undefined || value === null) return undefined;
	const { displayName } = allowedMethodsField;
	const words = readWords(displayName, value).map((word) => word.toUpperCase());
	const known: readonly string[] = methods;
	const unknown = words.find((word) => !known.includes(word));
	if (unknown === undefined && words.length > 0) return [...new Set(words)];
	throw new ParameterError(
		displayName,
		unknown === undefined ? 'is empty.' : `${quote(unknown)} is not an HTTP method.`,
		`Use one or more of: ${methods.join(', ')}.`,
	);
}

/** Undefined for no change, null to remove them. */
function readInstructions(value: unknown): { markdown: string } | null | undefined {
	// Null isn't empty text: an expression that gives it must not remove them.
	if (value === undefined || value === null) return undefined;
	const markdown = readPublicText(instructionsField.displayName, value);
	return markdown === '' ? null : { markdown };
}

/**
 * The settings that a new endpoint and an update have in common.
 * @throws ParameterError naming the field that can't be read
 */
export function readSettings(values: IDataObject): HostedEndpointUpdate {
	const { description } = values;
	return withoutUndefined({
		description:
			description === undefined || description === null
				? undefined
				: readPublicText(descriptionField.displayName, description),
		instructions: readInstructions(values[instructionsField.name]),
		allowed_methods: readMethods(values[allowedMethodsField.name]),
		rate_limit_per_minute: readRateLimit(values[rateLimitField.name]),
		proxy_timeout_ms: readTimeout(values[timeoutField.name]),
	});
}

/** @throws ParameterError for what can't be the name of a header */
export function readRequiredHeaders(value: unknown): Record<string, string> | undefined {
	const { displayName } = requiredHeadersField;
	const names = readWords(displayName, value).map((name) => parseHeaderName(displayName, name));
	return names.length > 0 ? Object.fromEntries(names.map((name) => [name, ''])) : undefined;
}

/** @throws ParameterError naming the header that can't be one, or is there twice */
export function readProxyHeaders(value: unknown): Record<string, string> | undefined {
	const { displayName } = proxyHeadersField;
	const { header = [] } = (value ?? {}) as { header?: IDataObject[] };
	const headers = new Map<string, string>();
	for (const { headerName, headerValue } of header) {
		const name = parseHeaderName(displayName, headerName);
		const isThere = [...headers.keys()].some((known) => known.toLowerCase() === name.toLowerCase());
		if (isThere) {
			throw new ParameterError(displayName, `has ${quote(name)} twice.`, 'Remove one of them.');
		}
		headers.set(name, parseHeaderValue(`${displayName}: ${name}`, headerValue));
	}
	return headers.size > 0 ? Object.fromEntries(headers) : undefined;
}
