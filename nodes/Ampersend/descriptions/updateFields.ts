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
		'no field has a new value.',
		'Add a field, and enter its new value.',
	);
}

interface RequiredField {
	value: unknown;
	field: Pick<INodeProperties, 'displayName'>;
	/** Another field that will do. */
	orElse?: Pick<INodeProperties, 'displayName'>;
}

/**
 * An agent's first settings need all fields. A null is a value.
 * @throws ParameterError naming all that are missing
 */
export function requireFields(what: string, fields: RequiredField[]): void {
	const missing = fields.filter(({ value }) => value === undefined);
	if (missing.length === 0) return;
	const names = missing.map(({ field }) => field.displayName).join(', ');
	const toAdd = missing.map(({ field, orElse }) =>
		orElse ? `${field.displayName} or ${orElse.displayName}` : field.displayName,
	);
	throw new ParameterError(
		names,
		`${missing.length === 1 ? 'is' : 'are'} required, because the service reports no ${what} ` +
			'for this agent.',
		`Add ${toAdd.join('; ')} to ${updateFields.displayName}.`,
	);
}
