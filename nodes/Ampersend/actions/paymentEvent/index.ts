import { readPaymentEvents } from '../../api/lists/merge';
import { paymentEventFilters } from '../../descriptions/historyFilters';
import { paymentEventOutput, simplifiedPaymentEvent } from '../../outputs/paymentEvent';
import { historyOperations } from '../history';
import type { Resource } from '../operation';

const operations = historyOperations({
	noun: 'payment events',
	fileName: 'payment-events',
	filters: paymentEventFilters,
	readRows: readPaymentEvents,
	output: paymentEventOutput,
	simplified: simplifiedPaymentEvent,
	getMany: {
		action: 'Get many payment events',
		description: 'List the payments that agents made or tried to make, newest first',
	},
	export: {
		action: 'Export payment events',
		description: 'Write the payments that agents made or tried to make to a file, newest first',
	},
});

export const paymentEvent: Resource = {
	option: {
		name: 'Payment Event',
		value: 'paymentEvent',
		description:
			'A payment that an agent makes or tries to make, with its scheme and expiry; no earnings',
	},
	operations,
};
