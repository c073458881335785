import { toJSONSchema } from 'zod/v4/core';

import type { Operation, Resource, Schema } from '../../nodes/Ampersend/actions/operation';
import { parseUsdc } from '../../nodes/Ampersend/domain/money';
import { simplify, type Simplified } from '../../nodes/Ampersend/domain/simplify';
import { simplifiedTriggerEvent, triggerEventOutput } from '../../nodes/Ampersend/trigger/output';
import { common, ofPage, type Examples } from './exampleValues.mts';
import { alternatives, fieldsOf, isNull, type Json } from './jsonSchema.mts';

/** An item as an operation or the trigger returns it. */
export interface Sample {
	/** The page that begins with it. */
	page: string;
	/** Undefined for the trigger. */
	operation?: Operation;
	output: Schema;
	/** Every field. */
	whole: object;
	/** What the node returns by default. */
	shown: object;
}

const MICRO = /Micro$/;

function inMicro(usdc: unknown): string | null {
	if (usdc === null) return null;
	const text = String(usdc);
	return text.startsWith('-') ? `-${inMicro(text.slice(1))}` : parseUsdc('', text).toString();
}

/** For a field without an example. */
function byType(field: Json): unknown {
	if (field.const !== undefined) return field.const;
	if (alternatives(field).some(isNull)) return null;
	const values: Record<string, unknown> = { boolean: true, number: 1, array: [], object: {} };
	return field.type === undefined ? {} : (values[field.type] ?? '…');
}

function itemOf(output: Schema, examples: Examples): object {
	const json = toJSONSchema(output) as Json;
	// With an API key first, where an agent's session returns other fields.
	const [object = json] = alternatives(json);
	const item: Record<string, unknown> = {};
	for (const [name, field] of Object.entries(fieldsOf(object))) {
		const usdc = name.replace(MICRO, '');
		if (name in examples) item[name] = examples[name];
		else if (MICRO.test(name) && usdc in examples) item[name] = inMicro(examples[usdc]);
		else if (object.required?.includes(name)) item[name] = byType(field);
	}
	return item;
}

function sample(page: string, output: Schema, simplified?: Simplified): Sample {
	const whole = itemOf(output, { ...common, ...ofPage[page] });
	return { page, output, whole, shown: simplified ? simplify(whole, simplified) : whole };
}

/** What people read first: a list, or what there is one of. */
const FIRST = ['getMany', 'search', 'get'];

/** An item of the resource's list, or of its first operation if it has none. */
export function sampleOf({ option, operations }: Resource): Sample {
	const byValue = new Map(operations.map((one) => [String(one.option.value), one]));
	const [operation] = [...FIRST.flatMap((name) => byValue.get(name) ?? []), ...operations];
	if (!operation) throw new Error(`${option.name} has no operation.`);
	return { ...sample(String(option.value), operation.output, operation.simplified), operation };
}

export const triggerSample = (): Sample =>
	sample('trigger', triggerEventOutput.schema, simplifiedTriggerEvent);
