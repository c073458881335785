import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { ParameterError } from '../domain/parameter';

const updateFields = { displayName: 'Update Fields', name: 'updateFields' } as const;

/** The collection of an update: a field that is left out stays as it is. */
export function updateFieldsOf(options: INodeProperties[]): INodeProperties {
	return {
		...updateFields,
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		options: [...options].sort((one, other) => one.displayName.localeCompare(other.displayName)),
	};
}

export function readUpdateFields(n8n: IExecuteFunctions, itemIndex: number): IDataObject {
	return n8n.getNodeParameter(updateFields.name, itemIndex, {}) as IDataObject;
}

/** @throws ParameterError where there is no change */
export function requireChanges<Changes extends object>(changes: Changes): Changes {
	if (Object.keys(changes).length > 0) return changes;
	throw new ParameterError(
		updateFields.displayName,
		'says nothing to change.',
		'Add a field with its new value.',
	);
}

/**
 * @param orElse another field that would do
 * @throws ParameterError: settings that are made for the first time need this field
 */
export function rejectIncomplete(parameter: string, what: string, orElse?: string): never {
	throw new ParameterError(
		parameter,
		`is needed, because this agent has no ${what} yet.`,
		`Add ${parameter}${orElse ? ` or ${orElse}` : ''} to ${updateFields.displayName}.`,
	);
}
