import { readPaymentEvents } from '../../api/lists/merge';
import { paymentEventFilters } from '../../descriptions/historyFilters';
import { paymentEventOutput, simplifiedPaymentEvent, toPaymentEventOutput } from './output';

export const paymentEvents = {
	noun: 'payment events',
	fileName: 'payment-events',
	filters: paymentEventFilters,
	readRows: readPaymentEvents,
	output: paymentEventOutput,
	simplified: simplifiedPaymentEvent,
	toOutput: toPaymentEventOutput,
	columns: [
		'occurredAt',
		'agentName',
		'agentAddress',
		'amountUsdc',
		'amountUsdcMicro',
		'status',
		'counterparty',
		'transactionHash',
		'explorerUrl',
		'chain',
		'scheme',
		'expiresAt',
		'id',
	],
} as const;
