import { exportOperation } from '../history';
import { paymentEvents } from './history';

export const exportPaymentEvents = exportOperation(paymentEvents, {
	action: 'Export payment events',
	description: 'Write the payments that agents made or tried to make to a file, newest first',
});
