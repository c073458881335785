import type { Resource } from '../operation';
import { exportPaymentEvents } from './export.operation';
import { getMany } from './getMany.operation';

export const paymentEvent: Resource = {
	option: {
		name: 'Payment Event',
		value: 'paymentEvent',
		description:
			'A payment that an agent makes or tries to make, with its scheme and expiry; no earnings',
	},
	operations: [exportPaymentEvents, getMany],
};
