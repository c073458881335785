import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { collectionOf } from './options';
import type { Read } from './reader';

const additionalFields = { displayName: 'Additional Fields', name: 'additionalFields' } as const;

/** The fields that an operation can do without. */
export function additionalFieldsOf(options: INodeProperties[]): INodeProperties {
	return collectionOf(additionalFields, options);
}

export function readAdditionalFields(read: Read): IDataObject {
	return read({ ...additionalFields, default: {} }, (_, values) => values as IDataObject);
}
