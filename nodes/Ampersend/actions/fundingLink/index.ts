import type { Resource } from '../operation';
import { get } from './get.operation';

export const fundingLink: Resource = {
	option: {
		name: 'Funding Link',
		value: 'fundingLink',
		description: 'A link to the page where the owner adds USDC to an agent',
	},
	operations: [get],
};
