import type { HistoryFilter } from '../domain/filter';
import { matches } from '../domain/filter';
import { presetCovering } from '../domain/time';
import type { PaymentEvent } from '../domain/paymentEvent';
import { toPaymentEvent } from '../domain/paymentEvent';
import type { Transaction } from '../domain/transaction';
import { toTransaction } from '../domain/transaction';
import type { Agent } from '../schemas/agent';
import { readAgents } from './concurrency';
import { listActivity, unseenOf } from './paginate';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

function newestFirst(one: { occurredAt: string }, other: { occurredAt: string }): number {
	return Date.parse(other.occurredAt) - Date.parse(one.occurredAt);
}

/** Reads several agents at once and gives their rows as one history, the newest `limit` of it. */
async function mergeAgents<Row extends { occurredAt: string }>(
	agents: Agent[],
	limit: number,
	readAgent: (agent: Agent) => Promise<Row[]>,
): Promise<Row[]> {
	const merged = (await readAgents(agents, readAgent)).flat().sort(newestFirst);
	return limit < merged.length ? merged.slice(0, limit) : merged;
}

export interface HistoryQuery {
	agents: Agent[];
	filter: HistoryFilter;
	/** Rows wanted; Infinity for all. */
	limit: number;
	/** Epoch ms. */
	now: number;
}

/** The transactions of several agents, newest first. */
export async function readTransactions(
	client: Client,
	{ agents, filter, limit, now }: HistoryQuery,
): Promise<Transaction[]> {
	const { from } = filter.range;
	return await mergeAgents(agents, limit, async (agent) => {
		const wanted: Transaction[] = [];
		const pages = listActivity(client, agent.address, { preset: presetCovering(from, now), from });
		for await (const { rows, inOrder } of pages) {
			for (const row of rows) {
				const transaction = toTransaction(row, agent);
				if (matches(filter, transaction)) wanted.push(transaction);
			}
			if (inOrder && wanted.length >= limit) break;
		}
		return wanted;
	});
}

/** The payment events of several agents, newest first. The service gives them unpaged. */
export async function readPaymentEvents(
	client: Client,
	{ agents, filter, limit, now }: HistoryQuery,
): Promise<PaymentEvent[]> {
	const preset = presetCovering(filter.range.from, now);
	return await mergeAgents(agents, limit, async (agent) => {
		const payments = await send(client, routes.listPayments, {
			path: { address: agent.address },
			query: { preset },
		});
		return unseenOf(payments, new Set())
			.map((payment) => toPaymentEvent(payment, agent))
			.filter((event) => matches(filter, event));
	});
}
