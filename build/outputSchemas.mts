import { toJSONSchema, type JSONSchema } from 'zod/v4/core';

import type { Operation } from '../nodes/Ampersend/actions/operation';
import { resources } from '../nodes/Ampersend/actions/registry';
import type { Simplified } from '../nodes/Ampersend/domain/simplify';
import { simplifiedTriggerEvent, triggerEventOutput } from '../nodes/Ampersend/trigger/output';

type Json = JSONSchema.BaseSchema;

/** What the editor reads of a schema. */
export interface OutputSchema {
	type: 'object';
	properties: Record<string, Json>;
}

/** The editor reads a type, and no alternatives: a field that can be null has two types. */
function withoutAlternatives({ jsonSchema }: { jsonSchema: Json }): void {
	const { anyOf } = jsonSchema;
	const types = (anyOf ?? []).map((one) => (one as Json).type);
	if (types.length !== 2 || types[1] !== 'null') return;
	Object.assign(jsonSchema, anyOf?.[0], { type: [types[0], 'null'] });
	delete jsonSchema.anyOf;
}

/** @param simplified what a node returns by default */
function schemaOf(output: Operation['output'], simplified?: Simplified): OutputSchema {
	const json = toJSONSchema(output, { override: withoutAlternatives });
	// An API key and an agent's session return different fields of an agent.
	const objects = (json.anyOf ?? [json]) as Json[];
	const all = Object.assign({}, ...objects.map(({ properties }) => properties)) as Record<
		string,
		Json
	>;
	const names = simplified?.fields ?? Object.keys(all);
	return {
		type: 'object',
		properties: Object.fromEntries(names.map((name) => [name, all[name] ?? {}])),
	};
}

/**
 * The schemas by which the editor shows the fields of a node before it has run. n8n serves them by
 * these paths, below the folder of the node (n8n-core, output-schema-resolver.js).
 */
export function outputSchemas(): Map<string, OutputSchema> {
	const version = '__schema__/v1.0.0';
	const ofActions = resources.flatMap(({ option: resource, operations }) =>
		operations.map(({ option, output, simplified }) => {
			const path = `${version}/${resource.value}/${option.value}.json`;
			return [path, schemaOf(output, simplified)] as const;
		}),
	);
	const ofTrigger = schemaOf(triggerEventOutput.schema, simplifiedTriggerEvent);
	return new Map([...ofActions, [`${version}.json`, ofTrigger]]);
}
