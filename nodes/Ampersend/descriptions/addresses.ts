import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { readPublicText } from '../domain/parameter';

/** A new key is in no list yet, so the user enters its address. */
export const agentKeyAddressField: INodeProperties = {
	displayName: 'Agent Key Address',
	name: 'agentKeyAddress',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984',
	description: "Public address of the key. Keep the private key with the agent's software.",
};

/** In Additional Fields. */
export const keyNameField: INodeProperties = {
	displayName: 'Key Name',
	name: 'keyName',
	type: 'string',
	default: '',
	placeholder: 'e.g. Worker 2, November 2026',
	description: 'Helps you recognize the key when you want to revoke it',
};

/** The name of a key as the wire has it, if there is one. */
export function readKeyName(values: IDataObject): { key_name?: string } {
	const name = readPublicText(keyNameField.displayName, values[keyNameField.name]);
	return name === '' ? {} : { key_name: name };
}

export const sellersField: INodeProperties = {
	displayName: 'Sellers',
	name: 'sellers',
	type: 'string',
	typeOptions: { rows: 3 },
	default: '',
	placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984, 0x…',
	description:
		'Addresses of sellers, separated by commas or line breaks, ' +
		'or a list from an expression. Duplicates are dropped.',
};
