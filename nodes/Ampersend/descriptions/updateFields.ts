import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { ParameterError } from '../domain/parameter';
import { collectionOf } from './options';
import type { Read } from './reader';

const updateFields = { displayName: 'Update Fields', name: 'updateFields' } as const;

/** The fields of an update. One that is left out stays the same. */
export function updateFieldsOf(options: INodeProperties[]): INodeProperties {
	return collectionOf(updateFields, options);
}

export function readUpdateFields(read: Read): IDataObject {
	return read({ ...updateFields, default: {} }, (_, values) => values as IDataObject);
}

/** @throws ParameterError where nothing changes */
export function requireChanges<Changes extends object>(changes: Changes): Changes {
	if (Object.keys(changes).length > 0) return changes;
	throw new ParameterError(
		updateFields.displayName,
		'no fields to update.',
		'Add a field with its new value.',
	);
}

/**
 * An agent's first settings need this field.
 * @param orElse another field that will do
 * @throws ParameterError always
 */
export function rejectIncomplete(parameter: string, what: string, orElse?: string): never {
	throw new ParameterError(
		parameter,
		`is required, because the service reports no ${what} for this agent.`,
		`Add ${parameter}${orElse ? ` or ${orElse}` : ''} to ${updateFields.displayName}.`,
	);
}
