import type { Address } from '../../domain/address';
import { isKnownChain } from '../../domain/explorer';
import type { FilterableRow, KnownValues, RowFilter } from '../../domain/filter';
import { knownOfPaymentEvents, knownOfTransactions, matcherOf } from '../../domain/filter';
import { rethrow } from '../../domain/rethrow';
import { presetCovering } from '../../domain/time';
import type { Payment } from '../../schemas/payment';
import type { KnownAgent } from '../agents';
import type { Client } from '../client';
import { routes } from '../routes';
import { send } from '../send';
import type { Miscount } from './activityPages';
import { listActivity, RowsMoved, sendForPage } from './activityPages';
import type { Pace } from './pace';
import { startPace } from './pace';
import type { ActivityRow } from './pages';
import { MAX_PAGE_ROWS } from './pages';
import { ReadAhead } from './readAhead';

/** A row of a history, and its agent. */
export interface AgentRow<Row> {
	row: Row;
	agent: KnownAgent;
}

/** A payment with the values that are read from it once. */
export interface PaymentRow extends FilterableRow {
	wire: Payment;
}

/** Rows of a history, a few at a time. No batch is empty. */
export type Batches<Row> = AsyncGenerator<Array<AgentRow<Row>>, void>;

/** More unknown values say nothing more. */
const MAX_UNKNOWN = 5;

/** What a reading notices about the service's answers, before filters. */
export class HistoryReport {
	/** How many rows the service reports, by agent. */
	readonly totals = new Map<Address, number>();
	readonly miscounts: Array<Miscount & { agent: string }> = [];
	/** The first values that aren't known here. */
	readonly unknown = {
		direction: new Set<string>(),
		status: new Set<string>(),
		chain: new Set<string>(),
	};
	/** Statuses of the filter that aren't known here and that no row has had, by lower case. */
	readonly sought = new Map<string, string>();
	/** Statuses that are known here. */
	known: readonly string[] = [];

	/** Begins a reading. */
	begin({ statuses = [] }: RowFilter, { statuses: known }: KnownValues): void {
		this.known = known;
		for (const status of statuses) {
			const word = status.toLowerCase();
			if (!known.includes(word)) this.sought.set(word, status);
		}
	}

	look(rows: Array<ActivityRow | PaymentRow>, { directions, statuses }: KnownValues): void {
		const { unknown } = this;
		const add = (values: Set<string>, value: string): void => {
			if (values.size < MAX_UNKNOWN) values.add(value);
		};
		for (const { direction, status, wire } of rows) {
			const { chain_caip2id: chain } = wire;
			if (chain !== null && !isKnownChain(chain)) add(unknown.chain, chain);
			if (!statuses.includes(status.toLowerCase())) {
				add(unknown.status, status);
				this.sought.delete(status.toLowerCase());
			}
			if (direction !== undefined && directions?.includes(direction.toLowerCase()) === false) {
				add(unknown.direction, direction);
			}
		}
	}
}

export interface HistoryQuery {
	agents: KnownAgent[];
	filter: RowFilter;
	/** Epoch ms. */
	now: number;
	/** Maximum pages to read for each agent; absent for all. Only for transactions. */
	maxPages?: number;
	report?: HistoryReport;
}

/** How to read a history. */
export interface ReadOptions {
	/**
	 * `newestFirst`: over all agents. `any`: as they come, if the order doesn't matter or the rows
	 * are to be sorted.
	 */
	order: 'newestFirst' | 'any';
	/** Whether this is the second reading, because rows moved during the first. */
	isAgain: boolean;
}

/** Thrown for `newestFirst` if the service doesn't list an agent's rows in that order. */
class OutOfOrder extends Error {
	override readonly name = 'OutOfOrder';
}

/** Rows of one agent that were read together. */
interface Batch<Row> {
	/** Those that pass the filter, newest first. */
	rows: Row[];
	inOrder: boolean;
	/** Time of the last row that was read, epoch ms: none that follows is newer. */
	reached: number;
}

/** Rows to hold at the same time. With many agents, each is read in smaller steps. */
const MAX_HELD = 20_000;
const MIN_PAGE = 20;

/** The rows of one agent that were read and not yet passed on. */
class Lane<Row extends FilterableRow> {
	private rows: Row[] = [];
	reached = Infinity;
	isDone = false;

	constructor(
		private readonly agent: KnownAgent,
		private readonly batches: AsyncGenerator<Batch<Row>>,
		private readonly order: ReadOptions['order'],
	) {}

	async readOn(): Promise<void> {
		const { done, value } = await this.batches.next();
		if (done) {
			this.isDone = true;
			return;
		}
		if (!value.inOrder && this.order === 'newestFirst') throw new OutOfOrder();
		this.rows = this.rows.length > 0 ? this.rows.concat(value.rows) : value.rows;
		this.reached = value.reached;
	}

	/** Passes on the rows from `time` or later. */
	takeFrom(time: number): Array<AgentRow<Row>> {
		const { agent, rows } = this;
		const later = rows.findIndex(({ at }) => at < time);
		const taken = later < 0 ? rows : rows.slice(0, later);
		this.rows = later < 0 ? [] : rows.slice(later);
		return taken.map((row) => ({ row, agent }));
	}

	async end(): Promise<void> {
		await this.batches.return(undefined);
	}
}

/**
 * Reads several agents side by side. Only rows that no agent can get newer ones before are passed
 * on, so each agent holds about one page.
 */
async function* mergeLanes<Row extends FilterableRow>(
	lanes: Array<Lane<Row>>,
	order: ReadOptions['order'],
): Batches<Row> {
	for (;;) {
		const open = lanes.filter(({ isDone }) => !isDone);
		const barrier =
			order === 'any'
				? -Infinity
				: open.reduce((latest, { reached }) => Math.max(latest, reached), -Infinity);
		const rows = lanes.flatMap((lane) => lane.takeFrom(barrier));
		if (rows.length > 0) yield rows.sort((a, b) => b.row.at - a.row.at);
		if (open.length === 0) return;
		const behind = open.filter(({ reached }) => reached >= barrier);
		await Promise.all(behind.map(async (lane) => await lane.readOn()));
	}
}

/**
 * Reads several agents, and ends all of it when the consumer stops: nothing continues in the
 * background of a failed execution.
 */
async function* readLanes<Row extends FilterableRow>(
	client: Client,
	agents: KnownAgent[],
	order: ReadOptions['order'],
	batchesOf: (agent: KnownAgent, pace: Pace) => AsyncGenerator<Batch<Row>>,
): Batches<Row> {
	const pace = startPace(client);
	const lanes = agents.map((agent) => new Lane(agent, batchesOf(agent, pace), order));
	try {
		yield* mergeLanes(lanes, order);
	} finally {
		pace.stop();
		await Promise.allSettled(lanes.map(async (lane) => await lane.end()));
	}
}

/** The transactions of several agents, in batches. For `consumeHistory`. */
export function readTransactions(
	client: Client,
	{ agents, filter, now, maxPages = Infinity, report }: HistoryQuery,
	{ order, isAgain }: ReadOptions,
): Batches<ActivityRow> {
	const { from = -Infinity } = filter;
	const matches = matcherOf(filter);
	report?.begin(filter, knownOfTransactions);
	const preset = presetCovering(filter.from, now);
	const largestPage = Math.min(
		MAX_PAGE_ROWS,
		Math.max(MIN_PAGE, Math.floor(MAX_HELD / agents.length)),
	);
	return readLanes(client, agents, order, async function* ({ address, name }, pace) {
		const ahead = new ReadAhead(
			async (request) =>
				await pace.run(async (paced) => await sendForPage(paced, address, preset, request)),
			() => !pace.isLimited(),
		);
		const pages = listActivity(
			async (request) => await ahead.read(request),
			from,
			largestPage,
			isAgain,
		);
		try {
			for (let read = 0; read < maxPages; read++) {
				const { done, value } = await pages.next();
				if (done) {
					if (value) report?.miscounts.push({ ...value, agent: name });
					return;
				}
				const { rows, inOrder, total } = value;
				if (total !== undefined) report?.totals.set(address, total);
				report?.look(rows, knownOfTransactions);
				yield { rows: rows.filter(matches), inOrder, reached: rows.at(-1)?.at ?? -Infinity };
			}
		} finally {
			await ahead.end();
		}
	});
}

function readPayment(wire: Payment): PaymentRow {
	return {
		wire,
		at: wire.created_at,
		amount: BigInt(wire.amount_usdc_micro),
		status: wire.status,
		counterparty: wire.seller_address,
	};
}

/** Each payment once, if the service gives it an id. */
function eachOnce(payments: Payment[]): Payment[] {
	const byId = new Map(payments.map((payment) => [payment.id ?? payment, payment] as const));
	return [...byId.values()];
}

/**
 * The payment events of several agents, in batches. The service returns those of an agent in one
 * answer, so each agent's are held in memory. For `consumeHistory`.
 */
export function readPaymentEvents(
	client: Client,
	{ agents, filter, now, report }: HistoryQuery,
	{ order }: ReadOptions,
): Batches<PaymentRow> {
	const matches = matcherOf(filter);
	report?.begin(filter, knownOfPaymentEvents);
	const query = { preset: presetCovering(filter.from, now) };
	return readLanes(client, agents, order, async function* ({ address }, pace) {
		const payments = await pace.run(
			async (paced) => await send(paced, routes.listPayments, { path: { address }, query }),
		);
		const rows = eachOnce(payments).map(readPayment);
		report?.totals.set(address, rows.length);
		report?.look(rows, knownOfPaymentEvents);
		yield {
			rows: rows.filter(matches).sort((a, b) => b.at - a.at),
			inOrder: true,
			reached: -Infinity,
		};
	});
}

/** All rows as one batch, newest first. */
async function* sorted<Row extends FilterableRow>(batches: Batches<Row>): Batches<Row> {
	const all: Array<AgentRow<Row>> = [];
	for await (const batch of batches) for (const row of batch) all.push(row);
	if (all.length > 0) yield all.sort((a, b) => b.row.at - a.row.at);
}

/**
 * Hands over a history, newest first. If the service doesn't list it in that order, or rows moved
 * while it was read, starts again: `use` is then called once more.
 * @param isInOrder false if the order doesn't matter
 */
export async function consumeHistory<Row extends FilterableRow, Result>(
	read: (options: ReadOptions) => Batches<Row>,
	use: (batches: Batches<Row>) => Promise<Result>,
	isInOrder = true,
): Promise<Result> {
	let options: ReadOptions = { order: isInOrder ? 'newestFirst' : 'any', isAgain: false };
	for (;;) {
		try {
			const isSorting = isInOrder && options.order === 'any';
			return await use(isSorting ? sorted(read(options)) : read(options));
		} catch (error) {
			if (error instanceof OutOfOrder) options = { ...options, order: 'any' };
			else if (error instanceof RowsMoved) options = { ...options, isAgain: true };
			else rethrow(error);
		}
	}
}

/** The newest rows of a history, newest first. Stops reading once it has enough. */
export async function newestRows<Row extends FilterableRow>(
	read: (options: ReadOptions) => Batches<Row>,
	limit: number,
): Promise<Array<AgentRow<Row>>> {
	return await consumeHistory(read, async (batches) => {
		const rows: Array<AgentRow<Row>> = [];
		for await (const batch of batches) {
			for (const row of batch) rows.push(row);
			if (rows.length >= limit) break;
		}
		return rows.slice(0, limit);
	});
}
