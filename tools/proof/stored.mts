import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Activity } from '../emulator/index.mts';
import { parseFlatted } from '../n8n/flatted.mts';
import { rootDir, type Runtime } from '../n8n/install.mts';
import type { OutputItem } from '../n8n/n8n.mts';
import { waitFor } from '../n8n/wait.mts';

export const TRIGGER_NAME = 'Ampersend Trigger';
export const REMOVE_NAME = 'Each event once';

/** How long one look at the database can take, in ms. */
const READ_MS = 120_000;
/** How long an aimed kill waits for its moment, in ms. */
const AIMED_MS = 15_000;

export interface Stored {
	/** The trigger's state as n8n keeps it, JSON; null before the first one. */
	cursor: string | null;
	/** What Remove Duplicates has noted, JSON; null before its first note. */
	history: string | null;
	executions: Array<{
		id: number;
		data: string;
		status: string;
		startedAt: string | null;
		stoppedAt: string | null;
	}>;
}

interface StoredRun {
	executionData?: {
		nodeExecutionStack?: Array<{
			node: { name: string };
			data: { main?: Array<OutputItem[] | null> };
		}>;
	};
	resultData?: {
		runData?: Record<string, Array<{ data?: { main?: Array<OutputItem[] | null> } }>>;
	};
}

/** Ids of the events that an execution was started with, run or not, and of the unique ones. */
export function eventIdsIn(data: string): { emitted: string[]; unique: string[] } {
	const { executionData, resultData } = parseFlatted(data) as StoredRun;
	const outputOf = (node: string) => resultData?.runData?.[node]?.[0]?.data?.main?.[0];
	const waiting = executionData?.nodeExecutionStack?.find(({ node }) => node.name === TRIGGER_NAME);
	const idsOf = (items: OutputItem[] | null | undefined) =>
		(items ?? []).flatMap(({ json }) => (typeof json.eventId === 'string' ? [json.eventId] : []));
	return {
		emitted: idsOf(outputOf(TRIGGER_NAME) ?? waiting?.data.main?.[0]),
		unique: idsOf(outputOf(REMOVE_NAME)),
	};
}

/**
 * Whether a stored cursor remembers a payment: by its id, or by the first 64 bits of the id's hash.
 */
export function knows(cursor: string, { id }: Activity): boolean {
	return (
		cursor.includes(id) ||
		cursor.includes(createHash('sha256').update(id).digest('hex').slice(0, 16))
	);
}

/** Whether Remove Duplicates has noted an event: by a hash (n8n 2.41, deduplication-helper.js). */
export function hasNoted(history: string, eventId: string): boolean {
	return history.includes(createHash('md5').update(eventId).digest('base64'));
}

/** A change that stored.cjs saw: `cursor`, `history`, `execution` or `ended`. */
export interface Change {
	/** Epoch ms. */
	at: number;
	changed: string[];
}

/** What an n8n has stored, seen from outside by stored.cjs. */
export class Database {
	constructor(
		private readonly runtime: Runtime,
		/** Its file, or its address in Postgres. */
		private readonly place: string,
	) {}

	private args(command: string, ...rest: string[]): string[] {
		return [join(rootDir, 'tools', 'proof', 'stored.cjs'), command, this.place, ...rest];
	}

	async read(): Promise<Stored> {
		const options = { maxBuffer: 2 ** 30, timeout: READ_MS };
		const { stdout } = await promisify(execFile)(this.runtime.node, this.args('read'), options);
		return JSON.parse(stdout) as Stored;
	}

	/** Collects changes until it's stopped. */
	async watch(): Promise<{ changes: Change[]; stop: () => Promise<void> }> {
		const { lines, child, gone } = this.spawn<Change>('watch');
		await waitFor('a look at the database', () => lines.at(0));
		const stop = async () => {
			child.stdin.end();
			await gone;
		};
		return { changes: lines, stop };
	}

	/**
	 * Kills a process as soon as n8n has stored something, from a separate process: this one isn't
	 * quick enough.
	 * @returns a function that arms it, and returns whether the moment came
	 */
	async killer(
		pid: number | undefined,
		what: 'cursor' | 'execution' | 'history',
	): Promise<() => Promise<boolean>> {
		const { lines, child, gone } = this.spawn<{ isMet?: boolean }>(
			...(['kill', String(pid), what, String(AIMED_MS)] as const),
		);
		await waitFor('a look at the database', () => lines.at(0));
		return async () => {
			child.stdin.write('now\n');
			await gone;
			return (await waitFor('the outcome of a kill', () => lines.at(1))).isMet === true;
		};
	}

	private spawn<Line>(command: string, ...rest: string[]) {
		const child = spawn(this.runtime.node, this.args(command, ...rest), {
			stdio: ['pipe', 'pipe', 'inherit'],
		});
		const lines: Line[] = [];
		createInterface({ input: child.stdout }).on('line', (line) =>
			lines.push(JSON.parse(line) as Line),
		);
		const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		return { child, lines, gone };
	}
}
