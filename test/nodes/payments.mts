import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { RunOptions } from './n8nCore.mts';
import type { UnderTest } from './setup.mts';

export const LIST = 'GET /agents';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Row `i` of a seeded history has this amount, which tells the rows apart. */
export const numbered = (i: number) => ({ amountMicro: BigInt(i) });
export const numbersOf = (items: INodeExecutionData[]) =>
	items.map(({ json }) => Number(json.amountUsdcMicro));
/** `count` numbers downwards from `first`. */
export const downFrom = (first: number, count: number) =>
	Array.from({ length: count }, (_, i) => first - i);

/** Get Many and Export of a resource that is a history of payments. */
export function historyOf(ampersend: UnderTest, resource: 'transaction' | 'paymentEvent') {
	const path = resource === 'transaction' ? 'activity' : 'payments';
	const route = `GET /agents/{address}/${path}`;
	const run =
		(operation: string) =>
		(parameters: INodeParameters = {}, options?: Partial<RunOptions>) =>
			ampersend.run({ resource, operation, ...parameters }, options);
	/** A fault of the emulator: an answer with its rows changed. */
	const changeRows = (change: (rows: IDataObject[]) => IDataObject[]) => ({
		route,
		mutate: (body: unknown) => {
			if (resource === 'paymentEvent') return change(body as IDataObject[]);
			const page = body as { activity: IDataObject[] };
			return { ...page, activity: change(page.activity) };
		},
	});
	return {
		path,
		/** What the rows are called. */
		noun: resource === 'transaction' ? 'transactions' : 'payment events',
		route,
		getMany: run('getMany'),
		exportFile: run('export'),
		/**
		 * Requests for payments, without those for the list of agents, and without the one that finds
		 * out whether pages count from 0.
		 */
		requests: () =>
			ampersend.emulator.calls.filter((call) => call.route === route && call.query.page !== '0'),
		changeRows,
		changeNewest: (changes: object) =>
			changeRows((rows) => rows.map((row, i) => (i === 0 ? { ...row, ...changes } : row))),
	};
}
