import type { Resource } from '../operation';
import { authorize } from './authorize.operation';
import { report } from './report.operation';

export const payment: Resource = {
	option: {
		name: 'Payment',
		value: 'payment',
		description: 'A purchase that the agent makes from a seller on the internet (x402)',
	},
	operations: [authorize, report],
};
