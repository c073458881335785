import type { INodeProperties } from 'n8n-workflow';

/** The name of a new agent. */
export const nameField: INodeProperties = {
	displayName: 'Name',
	name: 'name',
	type: 'string',
	default: '',
	placeholder: 'e.g. Research assistant',
	description: 'Name of the agent in the dashboard',
};
