import type { INodeProperties } from 'n8n-workflow';

const LEAVE = 'Empty leaves it as it is';

export const enabled: INodeProperties = {
	displayName: 'Enabled',
	name: 'enabled',
	type: 'boolean',
	default: true,
	description: 'Whether earnings are collected, at most once per UTC day',
};

export const threshold: INodeProperties = {
	displayName: 'Threshold (USDC)',
	name: 'threshold',
	type: 'string',
	default: '',
	placeholder: 'e.g. 100',
	description: `Balance from which on it is collected. Decimal USDC. ${LEAVE}.`,
};

export const minimumRemaining: INodeProperties = {
	displayName: 'Minimum Remaining (USDC)',
	name: 'minimumRemaining',
	type: 'string',
	default: '',
	placeholder: 'e.g. 10',
	description: `What stays with the agent. Decimal USDC. ${LEAVE}.`,
};

export const noMinimumRemaining: INodeProperties = {
	displayName: 'No Minimum Remaining',
	name: 'noMinimumRemaining',
	type: 'boolean',
	default: false,
	description: 'Whether to remove the minimum, so that nothing has to stay with the agent',
};

export const targetAddress: INodeProperties = {
	displayName: 'Target Address',
	name: 'targetAddress',
	type: 'string',
	default: '',
	placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984',
	description: `Where collected USDC goes. ${LEAVE}.`,
};
