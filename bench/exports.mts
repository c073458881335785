import { within } from '../tools/runWithin.mts';
import { Instance, limitOf, type Case, type Setting, type Side } from './instance.mts';
import { watchMemory } from './memory.mts';
import { grouped, median, texts, type Figure } from './report.mts';

/** With ten times as many rows, the chain doesn't end in 26 minutes. */
const MAX_CHAIN_ROWS = 100_000;
/** The size that is also measured with a slow service. */
const SLOW_ROWS = 100_000;
const SLOW_MS = 50;

const CHAIN_BARS = new Map([['100000 0', 0.33]]);
const LOOP_BARS = new Map([
	['100000 0', 1.5],
	['100000 50', 0.35],
	['1000000 0', 1.5],
]);
const MEMORY_BARS = new Map([[1_000_000, 120e6]]);
const GROWTH = { from: 100_000, to: 1_000_000, bar: 11 };

/** `alone` is ours as the first execution of an n8n. */
type Measured = Side | 'alone';

const title = ({ rows, latencyMs }: Case) => `${grouped(rows)} rows, ${latencyMs} ms`;
const key = (one: Case, measured: Measured) => `${title(one)}: ${measured}`;
const withBar = (bar: number | undefined) => (bar === undefined ? {} : { bar });

function note(values: Record<string, number[]>, one: Case, measured: Measured, value: number) {
	(values[key(one, measured)] ??= []).push(value);
}

/** Exports of accounts of several sizes, beside what they are compared with. */
export class Exports {
	/** Times in ms, in the order of the runs. */
	readonly samples: Record<string, number[]> = {};
	/** What couldn't be measured, and why. */
	readonly failures: string[] = [];
	/** Highest memory of each run above the idle n8n, in bytes. */
	readonly memory: Record<string, number[]> = {};
	private readonly cases: Case[];

	constructor(
		private readonly setting: Setting,
		private readonly runs: number,
		/** In ascending order. */
		private readonly sizes: number[],
	) {
		this.cases = sizes.flatMap((rows) => [
			{ rows, latencyMs: 0 },
			...(rows === SLOW_ROWS ? [{ rows, latencyMs: SLOW_MS }] : []),
		]);
	}

	async run(): Promise<Figure[]> {
		for (const one of this.cases) {
			const isSlow = one.latencyMs > 0;
			if (one.rows <= MAX_CHAIN_ROWS) {
				const sides: Side[] = isSlow ? ['ours', 'loop'] : ['ours', 'chain', 'loop'];
				await this.attempt(one, `${title(one)}, side by side`, async (instance) => {
					if (!isSlow) await instance.compareFiles(one);
					// In turns, so that a slow moment of the machine meets all sides.
					for (let run = 0; run < this.runs; run++)
						for (const side of sides) await this.measure(instance, one, side);
				});
			}
			// Each in an n8n of its own, because garbage of earlier executions would count.
			for (let run = 0; run < this.runs && !isSlow; run++)
				await this.attempt(one, `${title(one)}, alone`, (n8n) => this.alone(n8n, one));
		}
		return [
			...this.cases.flatMap((one) => [
				...(one.latencyMs === 0 ? [this.besideChain(one)] : []),
				this.besideLoop(one),
			]),
			...this.growth(),
			...this.sizes.flatMap((rows) => this.memoryFigures(rows)),
		];
	}

	/** Gives a fresh n8n to a part of the bench. If the part fails, the others still run. */
	private async attempt(
		one: Case,
		name: string,
		work: (instance: Instance) => Promise<void>,
	): Promise<void> {
		const { log } = this.setting;
		let instance: Instance | undefined;
		try {
			const started = await Instance.start(this.setting);
			instance = started;
			// The runs of each side have their own limits.
			const seconds = (3 * this.runs + 2) * limitOf(one);
			await within(name, seconds, async () => await work(started));
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			this.failures.push(`${name}: ${reason}`);
			log(`${name}: ${reason}\n${instance?.n8n.log.slice(-1000) ?? ''}`);
		} finally {
			await instance?.stop();
		}
	}

	private async alone(instance: Instance, one: Case): Promise<void> {
		const ms = await this.measure(instance, one, 'alone');
		if (one.rows <= MAX_CHAIN_ROWS) return;
		note(this.samples, one, 'ours', ms);
		await this.measure(instance, one, 'loop');
	}

	private async measure(instance: Instance, one: Case, measured: Measured): Promise<number> {
		const side = measured === 'alone' ? 'ours' : measured;
		const { result: ms, samples } = await watchMemory(instance.n8n.pid, async () => {
			return await instance.run(side, one);
		});
		note(this.samples, one, measured, ms);
		const { idleBytes } = instance;
		let line = `${title(one)}: ${measured}: ${texts.ms(ms)}`;
		if (idleBytes !== undefined && side !== 'loop') {
			const above = Math.max(...samples) - idleBytes;
			note(this.memory, one, measured, above);
			line += `, ${texts.bytes(above)} above idle`;
		}
		this.setting.log(line);
		return ms;
	}

	/** The median in ms; undefined unless every run was measured. */
	private time(one: Case, measured: Measured): number | undefined {
		const times = this.samples[key(one, measured)] ?? [];
		return times.length === this.runs ? median(times) : undefined;
	}

	private ratio(
		name: string,
		above: number | undefined,
		below: number | undefined,
	): Pick<Figure, 'name' | 'unit' | 'value' | 'detail'> {
		if (above === undefined || below === undefined) return { name, unit: 'ratio', value: null };
		const detail = `${texts.ms(above)} / ${texts.ms(below)}`;
		return { name, unit: 'ratio', value: above / below, detail };
	}

	private besideChain(one: Case): Figure {
		const name = `${title(one)}: ours / HTTP Request chain`;
		if (one.rows > MAX_CHAIN_ROWS)
			return {
				name,
				unit: 'ratio',
				value: null,
				detail: 'not run: 1 000 000 rows did not end in 26 minutes',
			};
		const bar = CHAIN_BARS.get(`${one.rows} ${one.latencyMs}`);
		return {
			...this.ratio(name, this.time(one, 'ours'), this.time(one, 'chain')),
			...withBar(bar),
		};
	}

	private besideLoop(one: Case): Figure {
		const name = `${title(one)}: ours / bare loop`;
		const bar = LOOP_BARS.get(`${one.rows} ${one.latencyMs}`);
		return { ...this.ratio(name, this.time(one, 'ours'), this.time(one, 'loop')), ...withBar(bar) };
	}

	private growth(): Figure[] {
		const { from, to, bar } = GROWTH;
		if (![from, to].every((rows) => this.sizes.includes(rows))) return [];
		const [short, long] = [from, to].map((rows) => this.time({ rows, latencyMs: 0 }, 'alone'));
		const name = `time of ${grouped(to)} rows / ${grouped(from)} rows, ours`;
		return [{ ...this.ratio(name, long, short), bar }];
	}

	private memoryFigure(rows: number, measured: Measured, name: string): Figure {
		const peaks = this.memory[key({ rows, latencyMs: 0 }, measured)] ?? [];
		return {
			name: `${grouped(rows)} rows: peak memory above idle n8n, ${name}`,
			unit: 'bytes',
			value: peaks.length > 0 ? median(peaks) : null,
			...(peaks.length > 0 && { detail: `highest ${texts.bytes(Math.max(...peaks))}` }),
		};
	}

	private memoryFigures(rows: number): Figure[] {
		const ours = this.memoryFigure(rows, 'alone', 'ours');
		const chain = this.memoryFigure(rows, 'chain', 'HTTP Request chain');
		const figures = [{ ...ours, ...withBar(MEMORY_BARS.get(rows)) }];
		return rows > MAX_CHAIN_ROWS ? figures : [...figures, chain];
	}
}
