import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../tools/runWithin.mts';
import { Instance, limitOf, type Case, type Setting, type Side } from './instance.mts';
import { makeCertificate, startService } from './processes.mts';
import { grouped, median, ratio, texts, type Figure } from './report.mts';

/** With ten times as many rows, the chain doesn't end in 26 minutes. */
const MAX_CHAIN_ROWS = 100_000;
const SLOW_MS = 50;
const ITEMS: Case = { rows: 1_000, latencyMs: SLOW_MS };

/** Run in turns in one n8n. */
const EXPORT: Side[] = ['ours', 'minimal', 'loop'];
/** Each in an n8n of its own: what it leaves behind makes what comes after it slower. */
const OTHERS: Side[] = ['chain', 'getMany', 'split'];

const title = ({ rows, latencyMs }: Case) => `${grouped(rows)} rows, ${latencyMs} ms`;

/** Exports and other reads of accounts of several sizes, beside what they are compared with. */
export class Exports {
	/** Times in ms and memory in bytes, in the order of the runs. */
	readonly samples: Record<string, number[]> = {};
	/** What couldn't be measured, and why. */
	readonly failures: string[] = [];

	constructor(
		private readonly setting: Setting,
		private readonly runs: number,
		/** In ascending order. */
		private readonly sizes: number[],
	) {}

	async run(): Promise<Figure[]> {
		const figures: Figure[] = [];
		for (const rows of this.sizes) figures.push(...(await this.size(rows)));
		const [from, to] = [this.sizes[0] ?? 0, this.sizes.at(-1) ?? 0];
		if (from < to) {
			const [short, long] = [from, to].map((rows) => `${title({ rows, latencyMs: 0 })}: ours`);
			const name = `time of ${grouped(to)} rows / ${grouped(from)} rows, ours`;
			figures.push(this.ratio(name, long, short));
		}
		return [...figures, await this.items()];
	}

	private async size(rows: number): Promise<Figure[]> {
		const [fast, slow] = [
			{ rows, latencyMs: 0 },
			{ rows, latencyMs: SLOW_MS },
		];
		const name = title(fast);
		await this.attempt(name, fast, EXPORT);
		const figures = [this.beside(name, 'minimal', 'minimal node'), this.beside(name, 'loop')];
		if (rows <= MAX_CHAIN_ROWS) {
			for (const side of OTHERS) await this.attempt(name, fast, [side]);
			await this.attempt(title(slow), slow, EXPORT);
			await this.overHttps(name, fast);
			figures.push(
				this.beside(name, 'chain', 'HTTP Request chain'),
				this.beside(title(slow), 'loop'),
				this.beside(`${name}, HTTPS`, 'loop'),
				this.ratio(
					`${name}: Get Many with Return All / HTTP Request and Split Out`,
					`${name}: getMany`,
					`${name}: split`,
				),
			);
		}
		return [...figures, await this.memory(fast)];
	}

	private async overHttps(name: string, one: Case): Promise<void> {
		const folder = await mkdtemp(join(this.setting.folder, 'tls-'));
		try {
			await makeCertificate(folder);
		} catch (error) {
			this.setting.log(`HTTPS: no certificate: ${String(error)}`);
			return;
		}
		const service = await startService(this.setting.runtime, folder);
		await this.attempt(`${name}, HTTPS`, one, EXPORT, { ...this.setting, service });
		await service.stop();
	}

	/** Each side as the first export of an n8n that holds other objects. */
	private async memory(one: Case): Promise<Figure> {
		const name = `${grouped(one.rows)} rows: memory of n8n`;
		for (let run = 0; run < this.runs; run++)
			for (const side of ['ours', 'minimal'] as const)
				await this.withInstance(name, 3 * limitOf(one), async (instance) => {
					await instance.run('ballast', one);
					const bytes = await instance.peak(side, one);
					this.note(`${name}: ${side}`, bytes, texts.bytes(bytes));
				});
		const label = `${name} with ours / with the minimal node`;
		return this.ratio(label, `${name}: ours`, `${name}: minimal`, texts.bytes);
	}

	private async items(): Promise<Figure> {
		const name = `${grouped(ITEMS.rows)} items, each one read at ${SLOW_MS} ms`;
		await this.attempt(name, ITEMS, ['items']);
		const ms = this.middle(`${name}: items`);
		return { name: `${name}: time per item`, unit: 'ms', value: ms && ms / ITEMS.rows };
	}

	/** Gives a fresh n8n to some sides. What fails doesn't keep others from being measured. */
	private async attempt(
		name: string,
		one: Case,
		sides: Side[],
		setting: Setting = this.setting,
	): Promise<void> {
		const limit = (sides.length * (this.runs + 1) + 1) * limitOf(one);
		const work = async (instance: Instance) => {
			// Not counted: an n8n that runs workflows has run for a while.
			const first = { rows: Math.min(one.rows, MAX_CHAIN_ROWS), latencyMs: 0 };
			if (sides === EXPORT) await instance.compareFiles(first);
			else for (const side of sides) await instance.run(side, first);
			// In turns, so that a slow moment of the machine meets all sides.
			for (let run = 0; run < this.runs; run++)
				for (const side of sides) {
					const ms = await instance.run(side, one);
					this.note(`${name}: ${side}`, ms, texts.ms(ms));
				}
		};
		await this.withInstance(name, limit, work, setting);
	}

	private async withInstance(
		name: string,
		seconds: number,
		work: (instance: Instance) => Promise<void>,
		setting: Setting = this.setting,
	): Promise<void> {
		let instance: Instance | undefined;
		try {
			const started = await Instance.start(setting);
			instance = started;
			await within(name, seconds, async () => await work(started));
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.failures.push(`${name}: ${reason}`);
			setting.log(`${name}: ${reason}\n${instance?.n8n.log.slice(-1000) ?? ''}`);
		} finally {
			await instance?.stop();
		}
	}

	private note(key: string, value: number, text: string): void {
		(this.samples[key] ??= []).push(value);
		this.setting.log(`${key}: ${text}`);
	}

	/** The median; null unless every run was measured. */
	private middle(key = ''): number | null {
		const values = this.samples[key] ?? [];
		return values.length === this.runs ? median(values) : null;
	}

	private beside(name: string, side: Side, label = 'bare loop'): Figure {
		return this.ratio(`${name}: ours / ${label}`, `${name}: ours`, `${name}: ${side}`);
	}

	private ratio(name: string, above?: string, below?: string, text = texts.ms): Figure {
		return ratio(name, this.middle(above), this.middle(below), text);
	}
}
