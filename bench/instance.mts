import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackage, type Log, type Runtime } from '../tools/n8n/install.mts';
import { N8n, outputOf, type StoredWorkflow } from '../tools/n8n/n8n.mts';
import { idleMemory } from './memory.mts';
import { countsOf, measure, type Service } from './processes.mts';
import { ADDRESS } from './rows.mts';
import { chainWorkflow, exportWorkflow, FILE, START } from './workflows.mts';

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

export type Side = 'ours' | 'chain' | 'loop';

/** Rows of one page. */
const PAGE = 200;
/** n8n does some work after an execution. */
const REST_MS = 1_000;

/** Limit of one run, in seconds: 1 000 000 rows may take 17 minutes. */
export function limitOf({ rows, latencyMs }: Case): number {
	return Math.ceil(60 + rows / 1000 + (rows / PAGE) * (latencyMs / 1000) * 1.5);
}

/** A fresh n8n with the packed nodes in it. */
export class Instance {
	private readonly workflows = new Map<string, StoredWorkflow>();

	private constructor(
		readonly n8n: N8n,
		/** Memory when it's idle after its start; undefined where it can't be measured. */
		readonly idleBytes: number | undefined,
		private readonly setting: Setting,
		private readonly userFolder: string,
	) {}

	static async start(setting: Setting): Promise<Instance> {
		const userFolder = await mkdtemp(join(setting.folder, 'user-'));
		await installPackage(setting.tarball, userFolder, setting.log);
		const n8n = await N8n.start({ runtime: setting.runtime, userFolder });
		try {
			return new Instance(n8n, await idleMemory(n8n.pid), setting, userFolder);
		} catch (error) {
			await n8n.stop();
			throw error;
		}
	}

	async stop(): Promise<void> {
		await this.n8n.stop();
		await rm(this.userFolder, { recursive: true, force: true, maxRetries: 3 });
	}

	/** @returns the time by n8n's record of the execution, or of the loop's process; in ms */
	async run(side: Side, one: Case): Promise<number> {
		await sleep(REST_MS);
		if (side === 'loop') return await this.runLoop(one);
		const { executionMs } = await this.execute(side, one);
		return executionMs;
	}

	/** @throws Error if export and loop don't write the same file */
	async compareFiles(one: Case): Promise<void> {
		await this.runLoop(one);
		const loop = await readFile(this.loopFile);
		const { id } = await this.execute('ours', one);
		const [item] = outputOf(await this.n8n.execution(id), FILE);
		if (!item?.binary?.data) throw new Error('The export has no file.');
		const ours = await this.n8n.file(item.binary.data);
		if (ours.equals(loop)) return;
		const lines = [ours, loop].map((file) => file.toString('utf8').split('\r\n'));
		const at = lines[0]?.findIndex((line, i) => line !== lines[1]?.[i]) ?? 0;
		const shown = lines.map((file) => file[at]).join('\n');
		throw new Error(`The export and the bare loop differ in line ${at + 1}:\n${shown}`);
	}

	private get loopFile(): string {
		return join(this.userFolder, 'loop.csv');
	}

	private async runLoop(one: Case): Promise<number> {
		const account = this.account(one);
		const { ms, rows } = await measure<{ ms: number; rows: number }>(
			this.setting.runtime,
			'The bare loop',
			limitOf(one),
			['loop.mts', `${account}/v1`, this.loopFile],
		);
		if (rows !== one.rows) throw new Error(`The bare loop wrote ${rows} rows, not ${one.rows}.`);
		return ms;
	}

	private async execute(
		side: 'ours' | 'chain',
		one: Case,
	): Promise<{ executionMs: number; id: string }> {
		const name = `${side} ${one.rows} ${one.latencyMs}`;
		const workflow = this.workflows.get(name) ?? (await this.importWorkflow(name, side, one));
		this.workflows.set(name, workflow);
		const before = await countsOf(this.account(one));
		const id = await this.n8n.begin(workflow, START);
		const executionMs = await this.n8n.duration(workflow, id, limitOf(one) * 1000);
		if (side === 'ours') await this.checkExport(id, one);
		else {
			const { requests } = await countsOf(this.account(one));
			// The data of the chain's execution has every row, so it isn't read.
			if (requests - before.requests !== Math.ceil(one.rows / PAGE))
				throw new Error(`The chain made ${requests - before.requests} requests.`);
		}
		return { executionMs, id };
	}

	private async checkExport(id: string, { rows }: Case): Promise<void> {
		const [item] = outputOf(await this.n8n.execution(id), FILE);
		if (item?.json.rows !== rows)
			throw new Error(`The export has ${String(item?.json.rows)} rows, not ${rows}.`);
		const place = item.binary?.data?.id ?? 'in memory';
		if (!place.startsWith('filesystem'))
			throw new Error(`n8n stores files elsewhere than in its file system: ${place}.`);
	}

	private account({ rows, latencyMs }: Case): string {
		return this.setting.service.account(rows, latencyMs);
	}

	private async importWorkflow(
		name: string,
		side: 'ours' | 'chain',
		one: Case,
	): Promise<StoredWorkflow> {
		const apiKey = `sk_test_${randomBytes(16).toString('hex')}`;
		const baseUrl = `${this.account(one)}/v1`;
		if (side === 'ours') {
			const id = await this.n8n.createCredential(name, 'ampersendApi', { apiKey, baseUrl });
			return await this.n8n.importWorkflow(exportWorkflow(name, { id, name }));
		}
		const id = await this.n8n.createCredential(name, 'httpHeaderAuth', {
			name: 'Authorization',
			value: `Bearer ${apiKey}`,
		});
		const list = `${baseUrl}/agents/${ADDRESS}/activity`;
		return await this.n8n.importWorkflow(chainWorkflow(name, list, { id, name }));
	}
}
