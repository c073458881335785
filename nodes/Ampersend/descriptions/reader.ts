import type { INodeProperties } from 'n8n-workflow';

/** What names a parameter, and what it is in a workflow that doesn't have it. */
export type Field = Pick<INodeProperties, 'displayName' | 'name'> & { default?: unknown };

/** Makes a value of what a parameter has. @throws ParameterError with the parameter's name */
export type Parser<Value> = (parameter: string, value: unknown) => Value;

/** Reads a parameter of the node. @throws ParameterError */
export type Read = <Value>(field: Field, parse: Parser<Value>) => Value;

/** @param get n8n's way to a parameter by its name */
export function readerOf(get: (name: string, fallback: unknown) => unknown): Read {
	return (field, parse) => parse(field.displayName, get(field.name, field.default ?? ''));
}

/** Reads fields of a collection that a user adds one by one; undefined for one that isn't there. */
export function readerIn(values: Readonly<Record<string, unknown>>): Read {
	return (field, parse) => parse(field.displayName, values[field.name]);
}
