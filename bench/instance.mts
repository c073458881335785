import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackage, type Log, type Runtime } from '../tools/n8n/install.mts';
import { N8n, outputOf, type OutputItem, type StoredWorkflow } from '../tools/n8n/n8n.mts';
import { installAnchors } from './anchors.mts';
import { PAGE } from './csv.mts';
import { peakOf, resetPeak } from './memory.mts';
import { countsOf, measure, type Service } from './processes.mts';
import { ADDRESS } from './rows.mts';
import { LAST, START, workflows, type Execution } from './workflows.mts';

export interface Setting {
	runtime: Runtime;
	tarball: string;
	/** For temporary files. */
	folder: string;
	service: Service;
	log: Log;
}

/** How many rows an account has, and how long the service waits before it answers. */
export interface Case {
	rows: number;
	latencyMs: number;
}

/** The bare loop runs outside n8n. */
export type Side = Execution | 'loop';

/** n8n does some work after an execution. */
const REST_MS = 1_000;
/** Limit of one run, in seconds: 1 000 000 rows may take 17 minutes. */
export function limitOf({ rows, latencyMs }: Case): number {
	return Math.ceil(120 + rows / 1000 + (rows / PAGE) * (latencyMs / 1000) * 1.5);
}

/** A fresh n8n with the packed nodes, and those to compare them with. */
export class Instance {
	private readonly workflows = new Map<string, StoredWorkflow>();

	private constructor(
		readonly n8n: N8n,
		private readonly setting: Setting,
		private readonly userFolder: string,
	) {}

	static async start(setting: Setting): Promise<Instance> {
		const { runtime, service } = setting;
		const userFolder = await mkdtemp(join(setting.folder, 'user-'));
		await installPackage(setting.tarball, userFolder, setting.log);
		await installAnchors(userFolder);
		// Exports have times of n8n's zone, and the loop of UTC.
		const env = { ...service.env, GENERIC_TIMEZONE: 'UTC' };
		const n8n = await N8n.start({ runtime, userFolder, env });
		return new Instance(n8n, setting, userFolder);
	}

	async stop(): Promise<void> {
		await this.n8n.stop();
		await rm(this.userFolder, { recursive: true, force: true, maxRetries: 3 });
	}

	/** @returns the time by n8n's record of the execution, or of the loop's process; in ms */
	async run(side: Side, one: Case): Promise<number> {
		await sleep(REST_MS);
		return side === 'loop' ? await this.runLoop(one) : (await this.execute(side, one)).ms;
	}

	/** @returns n8n's highest resident memory, in bytes */
	async peak(side: Execution, one: Case): Promise<number> {
		resetPeak(this.n8n.pid);
		await this.execute(side, one);
		return peakOf(this.n8n.pid);
	}

	/** @throws Error if ours, the minimal node and the loop don't write the same file */
	async compareFiles(one: Case): Promise<void> {
		await this.runLoop(one);
		const loop = await readFile(this.loopFile);
		for (const side of ['ours', 'minimal'] as const) {
			const { id } = await this.execute(side, one);
			const file = await this.n8n.file((await this.exported(id)).file);
			if (file.equals(loop)) continue;
			const lines = [file, loop].map((content) => content.toString('utf8').split('\r\n'));
			const at = lines[0]?.findIndex((line, i) => line !== lines[1]?.[i]) ?? 0;
			const shown = lines.map((content) => content[at]).join('\n');
			throw new Error(`The files of ${side} and loop differ in line ${at + 1}:\n${shown}`);
		}
	}

	private get loopFile(): string {
		return join(this.userFolder, 'loop.csv');
	}

	private async runLoop(one: Case): Promise<number> {
		const { runtime, service } = this.setting;
		const { ms, rows } = await measure<{ ms: number; rows: number }>(runtime, {
			step: 'The bare loop',
			seconds: limitOf(one),
			args: ['loop.mts', `${this.account(one)}/v1`, this.loopFile],
			env: service.env,
		});
		if (rows !== one.rows) throw new Error(`The bare loop wrote ${rows} rows, not ${one.rows}.`);
		return ms;
	}

	private async execute(side: Execution, one: Case): Promise<{ ms: number; id: string }> {
		const name = `${side} ${one.rows} ${one.latencyMs}`;
		const workflow = this.workflows.get(name) ?? (await this.importWorkflow(name, side, one));
		this.workflows.set(name, workflow);
		const isExport = side === 'ours' || side === 'minimal';
		// The bench itself doesn't trust a certificate. Exports say how many rows they have.
		const requests = async () => (isExport ? 0 : (await countsOf(this.account(one))).requests);
		const before = await requests();
		const id = await this.n8n.begin(workflow, START);
		const ms = await this.n8n.duration(workflow, id, limitOf(one) * 1000);
		if (isExport) await this.checkRows(id, one);
		else if (side !== 'ballast') {
			// Its data has every row, so it isn't read.
			const [made, pages] = [(await requests()) - before, Math.ceil(one.rows / PAGE)];
			const expected = side === 'items' ? one.rows : pages;
			if (made < expected) throw new Error(`${name}: ${made} requests instead of ${expected}.`);
		}
		return { ms, id };
	}

	private async exported(id: string) {
		const [item]: OutputItem[] = outputOf(await this.n8n.execution(id), LAST);
		const file = item?.binary?.data;
		if (file === undefined) throw new Error('The export has no file.');
		return { rows: item?.json.rows, file };
	}

	private async checkRows(id: string, { rows }: Case): Promise<void> {
		const { rows: found, file } = await this.exported(id);
		if (found !== rows) throw new Error(`The export has ${String(found)} rows, not ${rows}.`);
		if (!file.id?.startsWith('filesystem'))
			throw new Error(`n8n stores files elsewhere than in its file system: ${file.id}.`);
	}

	private account({ rows, latencyMs }: Case): string {
		return this.setting.service.account(rows, latencyMs);
	}

	private async importWorkflow(name: string, side: Execution, one: Case): Promise<StoredWorkflow> {
		const apiKey = `sk_test_${randomBytes(16).toString('hex')}`;
		const baseUrl = `${this.account(one)}/v1`;
		const isPlain = side === 'chain' || side === 'split';
		const id = isPlain
			? await this.n8n.createCredential(name, 'httpHeaderAuth', {
					name: 'Authorization',
					value: `Bearer ${apiKey}`,
				})
			: await this.n8n.createCredential(name, 'ampersendApi', { apiKey, baseUrl });
		const list = `${baseUrl}/agents/${ADDRESS}/activity`;
		const workflow = workflows[side](name, { id, name }, { list, rows: one.rows });
		return await this.n8n.importWorkflow(workflow);
	}
}
