import type { FilterableRow, RowFilter } from '../domain/filter';
import { matcherOf } from '../domain/filter';
import { presetCovering } from '../domain/time';
import type { Agent } from '../schemas/agent';
import type { Payment } from '../schemas/payment';
import type { ReadRow } from './activityList';
import { readAgents } from './concurrency';
import { listActivity } from './paginate';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

/** A row of a history, and its agent. */
export interface AgentRow<Row> {
	read: Row;
	agent: Pick<Agent, 'address' | 'name'>;
}

/** A payment with the values that are read from it once. */
export interface ReadPayment extends FilterableRow {
	row: Payment;
}

export interface HistoryQuery {
	agents: Agent[];
	filter: RowFilter;
	/** Maximum rows to return; Infinity for all. */
	limit: number;
	/** Epoch ms. */
	now: number;
	/** Maximum pages to read for each agent; absent for all. Only for transactions. */
	mostPages?: number;
}

/**
 * Reads several agents at once.
 * @returns the newest `limit` of their rows, newest first
 */
async function mergeAgents<Row extends FilterableRow>(
	{ agents, limit }: HistoryQuery,
	readAgent: (agent: Agent) => Promise<Row[]>,
): Promise<Array<AgentRow<Row>>> {
	const rows = await readAgents(agents, async (agent) =>
		(await readAgent(agent)).map((read) => ({ read, agent })),
	);
	const newestFirst = rows.flat().sort((one, other) => other.read.at - one.read.at);
	return limit < newestFirst.length ? newestFirst.slice(0, limit) : newestFirst;
}

/** The transactions of several agents, newest first. */
export async function readTransactions(
	client: Client,
	query: HistoryQuery,
): Promise<Array<AgentRow<ReadRow>>> {
	const { filter, limit, now, mostPages = Infinity } = query;
	const { from } = filter;
	const matches = matcherOf(filter);
	return await mergeAgents(query, async ({ address }) => {
		const wanted: ReadRow[] = [];
		let read = 0;
		const pages = listActivity(client, address, { preset: presetCovering(from, now), from });
		for await (const { rows, inOrder } of pages) {
			for (const row of rows) if (matches(row)) wanted.push(row);
			if ((inOrder && wanted.length >= limit) || ++read >= mostPages) break;
		}
		return wanted;
	});
}

function readPayment(row: Payment): ReadPayment {
	return {
		row,
		at: Number(row.created_at),
		amount: BigInt(row.amount_usdc_micro),
		status: row.status,
		counterparty: row.seller_address,
	};
}

/** Each payment once, if the service gives it an id. */
function eachOnce(payments: Payment[]): Payment[] {
	const byId = new Map(payments.map((payment) => [payment.id ?? payment, payment] as const));
	return [...byId.values()];
}

/** The payment events of several agents, newest first. The service returns them without pages. */
export async function readPaymentEvents(
	client: Client,
	query: HistoryQuery,
): Promise<Array<AgentRow<ReadPayment>>> {
	const { filter, now } = query;
	const preset = presetCovering(filter.from, now);
	return await mergeAgents(query, async ({ address }) => {
		const route = routes.listPayments;
		const payments = await send(client, route, { path: { address }, query: { preset } });
		return eachOnce(payments).map(readPayment).filter(matcherOf(filter));
	});
}
