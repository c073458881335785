import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Activity, type Emulator } from '../emulator/index.mts';
import {
	installPackage,
	releaseOf,
	rootDir,
	type Log,
	type Release,
	type Runtime,
} from './install.mts';
import {
	N8n,
	pollEvery,
	readWorkflow,
	type N8nOptions,
	type StoredWorkflow,
	type Workflow,
} from './n8n.mts';
import { forwardTo, Proxy, type Handler } from './proxy.mts';
import { Mailbox } from './mailbox.mts';
import { GoogleSheets, Slack } from './services.mts';

export const TRIGGER = 'n8n-nodes-ampersend.ampersendTrigger';
export const ACTIONS = 'n8n-nodes-ampersend.ampersend';

/** The credential names in the examples; n8n finds the credentials by name on import. */
export const credentialNames = {
	ampersend: 'Ampersend account',
	slack: 'Slack account',
	sheets: 'Google Service Account account',
	mail: 'SMTP account',
} as const;

/** The header rows that the examples ask for. */
export const sheetColumns = {
	Payments: [
		'Time',
		'Event',
		'Agent',
		'Direction',
		'Counterparty',
		'Moved (USDC)',
		'Status',
		'Transaction',
		'Event ID',
	],
	Transactions: [
		'Time',
		'Agent',
		'Direction',
		'Moved (USDC)',
		'Counterparty',
		'Status',
		'Transaction',
		'ID',
	],
	Agents: ['Name', 'Agent Key', 'Backup Key', 'Sellers', 'Daily Limit (USDC)', 'Address'],
};

/** The trigger's name for the event of a payment in its current status. */
export function eventIdOf({ id, status, agentAddress }: Activity): string {
	return `${id}:${status}:${agentAddress.toLowerCase()}`;
}

const ampersendHosts = ['api.ampersend.ai', 'api.sandbox.ampersend.ai'];

export interface RigOptions {
	runtime: Runtime;
	tarball: string;
	log: Log;
	/** Values of the Ampersend credential; by default the sandbox emulator's. */
	credential?: { apiKey: string; baseUrl?: string };
	/** Lets n8n call the real api.ampersend.ai and api.sandbox.ampersend.ai. */
	realAmpersend?: boolean;
	/** Further settings of n8n. */
	env?: NodeJS.ProcessEnv;
}

/**
 * A real n8n with the packed nodes, two local Ampersend deployments, and a proxy that is its only
 * way out.
 */
export class Rig {
	private constructor(
		public n8n: N8n,
		readonly proxy: Proxy,
		readonly sandbox: Emulator,
		readonly production: Emulator,
		readonly slack: Slack,
		readonly sheets: GoogleSheets,
		readonly mail: Mailbox,
		readonly credentialId: string,
		private readonly folder: string,
		private readonly options: N8nOptions,
	) {}

	static async start({
		runtime,
		tarball,
		log,
		credential,
		realAmpersend = false,
		env = {},
	}: RigOptions): Promise<Rig> {
		const undo: Array<() => Promise<void>> = [];
		try {
			const folder = await mkdtemp(join(tmpdir(), 'ampersend-n8n-'));
			undo.push(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
			const userFolder = join(folder, 'user');
			await mkdir(userFolder);
			await installPackage(tarball, userFolder, log);

			const sandbox = await startEmulator({ deployment: 'sandbox' });
			undo.push(() => sandbox.close());
			const production = await startEmulator({ deployment: 'production' });
			undo.push(() => production.close());

			const slack = new Slack();
			const sheets = new GoogleSheets(sheetColumns);
			const handlers: Record<string, Handler> = {
				'slack.com': (request) => slack.answer(request),
				'oauth2.googleapis.com': (request) => sheets.token(request),
				'sheets.googleapis.com': (request) => sheets.answer(request),
				'api.ampersend.ai': forwardTo(production.origin),
				'api.sandbox.ampersend.ai': forwardTo(sandbox.origin),
			};
			const mail = await Mailbox.start();
			undo.push(() => mail.stop());
			const proxy = await Proxy.start(folder, handlers);
			undo.push(() => proxy.stop());

			const options = {
				runtime,
				userFolder,
				env: { ...proxy.env(realAmpersend ? ampersendHosts : []), ...env },
			};
			const n8n = await N8n.start(options);
			undo.push(() => n8n.stop());
			const credentialId = await n8n.createCredential(
				credentialNames.ampersend,
				'ampersendApi',
				credential ?? { apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl },
			);
			await n8n.createCredential(credentialNames.slack, 'slackApi', {
				accessToken: slack.token,
				signatureSecret: '',
			});
			await n8n.createCredential(credentialNames.sheets, 'googleApi', {
				region: 'global',
				email: sheets.email,
				privateKey: sheets.privateKey,
				inpersonate: false,
				httpNode: false,
			});
			await n8n.createCredential(credentialNames.mail, 'smtp', mail.credential);
			return new Rig(
				n8n,
				proxy,
				sandbox,
				production,
				slack,
				sheets,
				mail,
				credentialId,
				folder,
				options,
			);
		} catch (error) {
			for (const step of undo.reverse()) await step();
			throw error;
		}
	}

	/** Ends n8n, and starts it again with what it has stored. @param env changed settings */
	async restart(env: NodeJS.ProcessEnv = {}): Promise<void> {
		const { login } = this.n8n;
		await this.n8n.stop();
		const options = { ...this.options, env: { ...this.options.env, ...env } };
		this.n8n = await N8n.start({ ...options, login });
	}

	/**
	 * Starts a second main of the same n8n, without workers; only in queue mode. End it before the
	 * rig. n8n's multi-main mode needs a licence: these two don't elect a leader, so both are one.
	 */
	async startSecondMain(env: NodeJS.ProcessEnv): Promise<N8n> {
		const { userFolder } = this.options;
		const second = `${userFolder}-main-2`;
		await cp(join(userFolder, '.n8n', 'nodes'), join(second, '.n8n', 'nodes'), { recursive: true });
		return await N8n.start({
			...this.options,
			userFolder: second,
			env: { ...this.options.env, ...env },
			login: this.n8n.login,
			queue: { workers: 0, sharedWith: userFolder },
		});
	}

	/** Imports a file of examples/ unchanged, except how often it polls and how long it waits. */
	async importExample(file: string): Promise<StoredWorkflow> {
		return await this.n8n.importWorkflow(quickened(await readExample(file)));
	}

	/**
	 * What of n8n contains one of the texts, without the nodes and n8n itself: files below its user
	 * folders, and tables of its database if that isn't a file.
	 */
	async filesHolding(texts: string[]): Promise<string[]> {
		const found: string[] = [];
		for (const user of await readdir(this.folder, { withFileTypes: true })) {
			if (!user.isDirectory()) continue;
			const home = join(this.folder, user.name, '.n8n');
			for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
				const file = join(entry.parentPath, entry.name);
				if (!entry.isFile() || file.startsWith(join(home, 'nodes'))) continue;
				const content = await readFile(file);
				if (texts.some((text) => content.includes(text))) found.push(file.slice(home.length + 1));
			}
		}
		return [...found, ...((await this.n8n.cluster?.tablesHolding(texts)) ?? [])];
	}

	async stop(): Promise<void> {
		await this.n8n.stop();
		await this.proxy.stop();
		await this.mail.stop();
		await this.sandbox.close();
		await this.production.close();
		await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

export const examplesDir = join(rootDir, 'examples');

export async function readExample(file: string): Promise<Workflow> {
	return await readWorkflow(join(examplesDir, file));
}

/** The oldest n8n that the note of an example names. */
export function leastOf({ name, nodes }: Workflow): Release {
	const notes = nodes.map(({ parameters }) => String(parameters.content ?? '')).join('\n');
	const least = /^Needs n8n (\d+\.\d+) or newer\.$/m.exec(notes)?.[1];
	if (least === undefined) throw new Error(`"${name}" doesn't say which n8n it needs.`);
	return releaseOf(least);
}

const STARTS = new Set(['n8n-nodes-base.manualTrigger', 'n8n-nodes-base.scheduleTrigger']);

/** The node from which a person starts a workflow. */
export function startOf({ name, nodes }: Workflow): string {
	const start = nodes.find(({ type }) => STARTS.has(type));
	if (start === undefined) throw new Error(`"${name}" has nothing to start it by hand.`);
	return start.name;
}

const POLL_SECONDS = 5;

/** Polls often, and waits briefly. */
function quickened(workflow: Workflow): Workflow {
	const changes: Record<string, object> = {
		[TRIGGER]: { pollTimes: pollEvery(POLL_SECONDS) },
		'n8n-nodes-base.wait': { amount: 1, unit: 'seconds' },
	};
	const nodes = workflow.nodes.map((node) => ({
		...node,
		parameters: { ...node.parameters, ...changes[node.type] },
	}));
	return { ...workflow, nodes };
}

/** For the test files: what setup.mjs installed and packed. */
export function testSetup(): { runtime: Runtime; tarball: string } {
	const { AMPERSEND_E2E_RUNTIME: runtime, AMPERSEND_E2E_TARBALL: tarball } = process.env;
	if (runtime === undefined || tarball === undefined) throw new Error('setup.mjs did not run.');
	return { runtime: JSON.parse(runtime) as Runtime, tarball };
}

export async function startTestRig(options: Pick<RigOptions, 'env'> = {}): Promise<Rig> {
	return await Rig.start({ ...testSetup(), log: () => {}, ...options });
}
