import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { collectionOf } from './options';

const additionalFields = { displayName: 'Additional Fields', name: 'additionalFields' } as const;

/** The fields that an operation can do without. */
export function additionalFieldsOf(options: INodeProperties[]): INodeProperties {
	return collectionOf(additionalFields, options);
}

export function readAdditionalFields(n8n: IExecuteFunctions, itemIndex: number): IDataObject {
	return n8n.getNodeParameter(additionalFields.name, itemIndex, {}) as IDataObject;
}
