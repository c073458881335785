import type { INodeProperties } from 'n8n-workflow';

import { ParameterError, readChoice, readSwitch, readWords } from '../domain/parameter';
import type { Simplified } from '../domain/simplify';
import { pick, simplify } from '../domain/simplify';
import { optionsOf } from './options';
import type { Read } from './reader';

const inTool = { show: { '@tool': [true] } };

/** Actions and trigger share this field. */
export const simplifyField = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
} as const satisfies INodeProperties;

const outputField = {
	displayName: 'Output',
	name: 'output',
	type: 'options',
	options: [
		{ name: 'Raw', value: 'raw', description: 'Every field' },
		{
			name: 'Selected Fields',
			value: 'selectedFields',
			description: 'The fields that you choose, and the ID',
		},
		{ name: 'Simplified', value: 'simplified', description: 'The fields that matter most' },
	],
	default: 'simplified',
	displayOptions: inTool,
	description: 'What the model gets to read',
} as const satisfies INodeProperties;

const outputFields = { displayName: 'Output Fields', name: 'outputFields' } as const;

/** A node has the switch, and a tool a choice, as n8n's guidelines ask for. */
export function simplifyFields({ all, id }: Simplified): INodeProperties[] {
	return [
		{ ...simplifyField, displayOptions: { show: { '@tool': [false] } } },
		outputField,
		{
			...outputFields,
			type: 'multiOptions',
			options: optionsOf(all.filter((name) => name !== id)),
			default: [],
			displayOptions: { show: { ...inTool.show, [outputField.name]: ['selectedFields'] } },
			description: 'The fields that the model gets to read. The ID is always among them.',
		},
	];
}

/** @throws ParameterError if none is chosen, or one that doesn't exist */
function readOutputFields(value: unknown, all: readonly string[]): string[] {
	const { displayName } = outputFields;
	const chosen = readWords(displayName, value).map((name) => readChoice(displayName, name, all));
	if (chosen.length > 0) return chosen;
	throw new ParameterError(
		displayName,
		'none is selected.',
		`Select at least one field, or set ${outputField.displayName} to Simplified.`,
	);
}

/**
 * Reads how items are returned.
 * @returns what makes one of a whole item
 * @throws ParameterError that names the invalid parameter
 */
export function readSimplify(read: Read, simplified: Simplified): (row: object) => object {
	const isSimple = read(simplifyField, readSwitch) ?? true;
	const output = read({ ...outputField, default: '' }, (parameter, value) =>
		readChoice(
			parameter,
			value || (isSimple ? 'simplified' : 'raw'),
			outputField.options.map((option) => option.value),
		),
	);
	if (output === 'simplified') return (row) => simplify(row, simplified);
	if (output === 'raw') return (row) => row;
	const { all, id } = simplified;
	const chosen = read(outputFields, (_, value) => readOutputFields(value, all));
	return (row) => pick(row, [...new Set([...chosen, id])]);
}
