import type { Resource } from '../operation';
import { exportPaymentEvents } from './export.operation';
import { getMany } from './getMany.operation';

export const paymentEvent: Resource = {
	option: { name: 'Payment Event', value: 'paymentEvent' },
	operations: [exportPaymentEvents, getMany],
};
