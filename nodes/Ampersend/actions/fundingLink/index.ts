import type { Resource } from '../operation';
import { get } from './get.operation';

export const fundingLink: Resource = {
	option: { name: 'Funding Link', value: 'fundingLink' },
	operations: [get],
};
