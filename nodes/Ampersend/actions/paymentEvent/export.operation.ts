import { readPaymentEvents } from '../../api/history';
import { agentScopeFields } from '../../descriptions/agentScope';
import { fileFields, readFileTarget, writeFile } from '../../descriptions/file';
import { paymentEventFilters } from '../../descriptions/history';
import type { PaymentEvent } from '../../domain/paymentEvent';
import { readHistoryQuery } from '../historyQuery';
import type { FileOperation } from '../operation';

/** Columns of the CSV file, in order. */
const columns = [
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
] as const satisfies Array<keyof PaymentEvent>;

export const exportPaymentEvents: FileOperation = {
	option: {
		name: 'Export',
		value: 'export',
		action: 'Export payment events',
		description: 'Write the payments that agents made or tried to make into a file, newest first',
	},
	fields: [...agentScopeFields, paymentEventFilters, ...fileFields],

	async exportFile(context) {
		const now = Date.now();
		const file = readFileTarget(context, 'payment-events', now);
		const query = await readHistoryQuery(context, now);
		const rows = await readPaymentEvents(context.client, { ...query, limit: Infinity });
		return await writeFile(context.n8n, file, { rows, columns, ...query });
	},
};
