import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { installedRelease, type Runtime } from './install.mts';
import { parseFlatted } from './flatted.mts';
import { freePorts } from './ports.mts';
import { N8nProcess } from './process.mts';
import { Cluster } from './cluster.mts';

export interface WorkflowNode {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string | null; name: string }>;
	[other: string]: unknown;
}

export interface Workflow {
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, unknown>;
	settings?: Record<string, unknown>;
	[other: string]: unknown;
}

export interface StoredWorkflow {
	id: string;
	name: string;
	versionId: string;
	active: boolean;
}

export interface Binary {
	id?: string;
	data: string;
	fileName?: string;
	mimeType: string;
}

export interface OutputItem {
	json: Record<string, unknown>;
	binary?: Record<string, Binary>;
}

export interface RunError {
	message: string;
	description?: string | null;
	[other: string]: unknown;
}

interface NodeRun {
	data?: { main?: Array<OutputItem[] | null> };
	error?: RunError;
}

export interface Execution {
	id: string;
	workflowId: string;
	status: string;
	mode: string;
	startedAt: string;
	/** The data as n8n stores it, to search in. */
	stored: string;
	error?: RunError;
	runs: Record<string, NodeRun[]>;
}

interface ExecutionSummary {
	id: string;
	status: string;
	startedAt: string;
	stoppedAt?: string | null;
}

export interface CredentialTestResult {
	status: 'OK' | 'Error';
	message: string;
}

interface PublicationStatus {
	status: 'in_progress' | 'not_published' | 'published' | 'partial' | 'failed';
	triggers: Array<{ errorMessage: string | null }>;
}

export interface N8nOptions {
	runtime: Runtime;
	/** Contains `.n8n`, with the nodes installed. */
	userFolder: string;
	env?: NodeJS.ProcessEnv;
	/**
	 * Of the owner from an earlier start in this user folder. Without it, the owner is set up.
	 */
	login?: Login;
	/** Only in queue mode. */
	queue?: QueueOptions;
}

export interface QueueOptions {
	/** How many workers start with it; 2 by default. */
	workers?: number;
	/** In place of new ones: those of a main that was killed. */
	running?: N8nProcess[];
	/** User folder of the main whose database and Redis it shares; by default its own. */
	sharedWith?: string;
}

export interface Login {
	email: string;
	password: string;
}

export interface Running {
	/** Without a slash at its end. */
	url: string;
	/** Of its owner or an admin. */
	login: Login;
}

const quiet = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
	// It requests a list from api.n8n.io at each start.
	N8N_DISABLED_MODULES: 'mcp-registry',
	N8N_ONBOARDING_FLOW_DISABLED: 'true',
	N8N_SECURE_COOKIE: 'false',
	N8N_LISTEN_ADDRESS: '127.0.0.1',
	N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '3',
	N8N_LOG_LEVEL: 'info',
	NO_COLOR: '1',
};

/** Without the settings of another n8n on this machine, or of an outer npm. */
function inheritedEnv(): NodeJS.ProcessEnv {
	return Object.fromEntries(
		Object.entries(process.env).filter(
			([name]) =>
				!/^(N8N_|DB_|EXECUTIONS_|QUEUE_|npm_|JEST_|AMPERSEND_)/i.test(name) &&
				!/^(NODE_OPTIONS|NODE_ENV|https?_proxy|no_proxy)$/i.test(name),
		),
	);
}

/** The environment of an n8n with its own folder that asks nobody on the internet. */
export function n8nEnv(userFolder: string): NodeJS.ProcessEnv {
	return { ...inheritedEnv(), ...quiet, N8N_USER_FOLDER: userFolder };
}

/** What each process of an n8n is started with, apart from its folder and its ports. */
interface Shared {
	runtime: Runtime;
	env: NodeJS.ProcessEnv;
}

async function startWorker({ runtime, env }: Shared, number: number, mainFolder: string) {
	const userFolder = `${mainFolder}-worker-${number}`;
	const nodes = join(userFolder, '.n8n', 'nodes');
	if (!existsSync(nodes)) {
		await mkdir(join(userFolder, '.n8n'), { recursive: true });
		await cp(join(mainFolder, '.n8n', 'nodes'), nodes, { recursive: true });
	}
	const [brokerPort] = await freePorts(1);
	const worker = new N8nProcess({
		runtime,
		command: 'worker',
		userFolder,
		env: { ...env, N8N_USER_FOLDER: userFolder, N8N_RUNNERS_BROKER_PORT: String(brokerPort) },
	});
	return { worker, isUp: () => worker.log.includes('n8n worker is now ready') };
}

/** What can be done in an n8n from outside, as its editor does it. */
export class N8nApi {
	private cookie = '';

	protected constructor(
		readonly url: string,
		readonly login: Login,
		/** n8n 1 has other ways to publish and to execute. */
		protected isFirstMajor = false,
	) {}

	/** Logs in to an n8n that runs. */
	static async connect({ url, login }: Running): Promise<N8nApi> {
		const n8n = new N8nApi(url, login);
		await n8n.logIn();
		n8n.isFirstMajor = (await n8n.version()).startsWith('1.');
		return n8n;
	}

	async version(): Promise<string> {
		return (await this.rest<{ versionCli: string }>('GET', '/settings')).versionCli;
	}

	async createCredential(
		name: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<string> {
		const { id } = await this.rest<{ id: string }>('POST', '/credentials', { name, type, data });
		return id;
	}

	/** Replaces the values of a credential, as saving it in the editor does. */
	async updateCredential(
		id: string,
		name: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<void> {
		await this.rest('PATCH', `/credentials/${id}`, { name, type, data });
	}

	async deleteCredential(id: string): Promise<void> {
		await this.rest('DELETE', `/credentials/${id}`);
	}

	/** Tests a credential as the editor does on saving it; `data` is the content of the form. */
	async testCredential(
		id: string,
		name: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<CredentialTestResult> {
		return await this.rest('POST', '/credentials/test', { credentials: { id, name, type, data } });
	}

	/** Of all workflows and credentials. */
	async names(): Promise<string[]> {
		const [workflows, credentials] = [
			await this.rest<Array<{ name: string }>>('GET', '/workflows'),
			await this.rest<Array<{ name: string }>>('GET', '/credentials'),
		];
		return [...workflows, ...credentials].map(({ name }) => name).sort();
	}

	/** Like the editor's import; credentials without an id are found by their name. */
	async importWorkflow(workflow: Workflow): Promise<StoredWorkflow> {
		return await this.rest('POST', '/workflows', { settings: {}, active: false, ...workflow });
	}

	/** Saves a changed workflow, as the editor does before it publishes. */
	async saveWorkflow(
		{ id, versionId }: StoredWorkflow,
		workflow: Workflow,
	): Promise<StoredWorkflow> {
		return await this.rest('PATCH', `/workflows/${id}`, { ...workflow, versionId });
	}

	/** Publishes a workflow. n8n answers before the first poll of its triggers. */
	async publish({ id, versionId }: StoredWorkflow): Promise<StoredWorkflow> {
		// n8n 1 has read the baseline by its answer.
		if (this.isFirstMajor) {
			return await this.rest('PATCH', `/workflows/${id}`, { active: true, versionId });
		}
		return await this.rest('POST', `/workflows/${id}/activate`, { versionId });
	}

	/** Publishes a workflow, and waits until its triggers are active. */
	async activate(workflow: StoredWorkflow, timeoutMs = 30_000): Promise<StoredWorkflow> {
		const active = await this.publish(workflow);
		if (this.isFirstMajor) return active;
		const until = Date.now() + timeoutMs;
		for (;;) {
			const { status, triggers } = await this.rest<PublicationStatus>(
				'GET',
				`/workflows/${workflow.id}/publication-status`,
			);
			if (status === 'published') return active;
			const failed = triggers.find(({ errorMessage }) => errorMessage);
			if (failed) throw new Error(`"${workflow.name}" was not published: ${failed.errorMessage}`);
			if (Date.now() > until)
				throw new Error(`"${workflow.name}" was not active after ${timeoutMs} ms: ${status}.`);
			await sleep(100);
		}
	}

	async deactivate(workflow: StoredWorkflow): Promise<void> {
		if (this.isFirstMajor) {
			await this.rest('PATCH', `/workflows/${workflow.id}`, { active: false, versionId: '' });
			return;
		}
		await this.rest('POST', `/workflows/${workflow.id}/deactivate`, {});
	}

	/** Deletes a workflow. @param workflow not published */
	async deleteWorkflow({ id }: StoredWorkflow): Promise<void> {
		// n8n 1 archives since 1.94, and deletes only what is archived since then.
		await this.rest('POST', `/workflows/${id}/archive`, {}).catch((error: Error) => {
			if (!this.isFirstMajor) throw error;
		});
		await this.rest('DELETE', `/workflows/${id}`);
	}

	/** Starts a workflow manually from its trigger. @returns the execution's id */
	async begin(workflow: StoredWorkflow, trigger: string): Promise<string> {
		const { executionId } = await this.rest<{ executionId: string }>(
			'POST',
			`/workflows/${workflow.id}/run`,
			this.isFirstMajor
				? await this.startOfFirstMajor(workflow, trigger)
				: { triggerToStartFrom: { name: trigger } },
		);
		return executionId;
	}

	/** It takes the workflow too, and waits for a webhook unless it gets what started it. */
	private async startOfFirstMajor({ id }: StoredWorkflow, trigger: string): Promise<object> {
		const workflowData = await this.rest<{ pinData?: Record<string, OutputItem[]> | null }>(
			'GET',
			`/workflows/${id}`,
		);
		const pinned = workflowData.pinData?.[trigger];
		const data = { executionStatus: 'success', source: [], data: { main: [pinned] } };
		return { workflowData, triggerToStartFrom: { name: trigger, ...(pinned && { data }) } };
	}

	/** Executes a workflow manually from its trigger, and waits until it ends. */
	async run(workflow: StoredWorkflow, trigger: string, timeoutMs = 60_000): Promise<Execution> {
		const executionId = await this.begin(workflow, trigger);
		const until = Date.now() + timeoutMs;
		for (;;) {
			const execution = await this.execution(executionId);
			// n8n 1 stores the status before the data, unless it has a pool of connections.
			const isStored = execution.status !== 'success' || Object.keys(execution.runs).length > 0;
			const hasEnded = !['new', 'running', 'waiting'].includes(execution.status);
			if (hasEnded && isStored) return execution;
			if (Date.now() > until)
				throw new Error(
					`Execution ${executionId} of "${workflow.name}" did not end in ${timeoutMs} ms.`,
				);
			await sleep(200);
		}
	}

	/**
	 * Waits until an execution ends, without reading its data, which can be long.
	 * @returns how long it took by n8n's record, in ms
	 * @throws Error if it doesn't succeed
	 */
	async duration(workflow: StoredWorkflow, id: string, timeoutMs: number): Promise<number> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId: workflow.id }));
		const until = Date.now() + timeoutMs;
		for (;;) {
			const { results } = await this.rest<{ results: ExecutionSummary[] }>(
				'GET',
				`/executions?filter=${filter}&limit=100`,
			);
			const found = results.find((one) => String(one.id) === id);
			if (found?.status === 'success' && found.stoppedAt)
				return Date.parse(found.stoppedAt) - Date.parse(found.startedAt);
			if (found && !['new', 'running', 'waiting', 'success'].includes(found.status)) {
				const { status, error } = await this.execution(id);
				throw new Error(
					`Execution ${id} of "${workflow.name}" ended with ${status}: ${error?.message}`,
				);
			}
			if (Date.now() > until)
				throw new Error(`Execution ${id} of "${workflow.name}" did not end in ${timeoutMs} ms.`);
			await sleep(200);
		}
	}

	/**
	 * Does what *Retry* does in n8n's list of executions, and waits until the new execution ends.
	 * @throws Error if n8n has nothing left to run
	 */
	async retry(id: string): Promise<void> {
		await this.rest('POST', `/executions/${id}/retry`, { loadWorkflow: false });
	}

	async execution(id: string): Promise<Execution> {
		const raw = await this.rest<Record<string, unknown> & { data: string }>(
			'GET',
			`/executions/${id}`,
		);
		const stored = raw.data;
		// n8n has stored nothing of an execution that has just started.
		const { resultData } = (parseFlatted(stored) ?? {}) as {
			resultData?: { error?: RunError; runData?: Record<string, NodeRun[]> };
		};
		return {
			id: String(raw.id),
			workflowId: String(raw.workflowId),
			status: String(raw.status),
			mode: String(raw.mode),
			startedAt: String(raw.startedAt),
			stored,
			...(resultData?.error ? { error: resultData.error } : {}),
			runs: resultData?.runData ?? {},
		};
	}

	/**
	 * Ended executions of a workflow, oldest first. @param after id of the execution before the first
	 */
	async executions(workflow: StoredWorkflow, after = '0'): Promise<Execution[]> {
		const filter = encodeURIComponent(
			JSON.stringify({
				workflowId: workflow.id,
				status: ['success', 'error', 'crashed', 'canceled'],
			}),
		);
		const { results } = await this.rest<{ results: Array<{ id: string }> }>(
			'GET',
			`/executions?filter=${filter}&limit=100`,
		);
		const ids = results.map(({ id }) => Number(id)).filter((id) => id > Number(after));
		const executions: Execution[] = [];
		for (const id of ids.sort((one, other) => one - other))
			executions.push(await this.execution(String(id)));
		return executions;
	}

	/** The content of a file in a node's output. */
	async file(binary: Binary): Promise<Buffer> {
		if (binary.id === undefined) return Buffer.from(binary.data, 'base64');
		const answer = await request(
			`${this.url}/rest/binary-data?id=${encodeURIComponent(binary.id)}&action=download`,
			{
				headers: { cookie: this.cookie },
			},
		);
		const content = Buffer.from(await answer.body.arrayBuffer());
		if (answer.statusCode !== 200)
			throw new Error(`n8n answered ${answer.statusCode} for the file ${binary.fileName}.`);
		return content;
	}

	/** The descriptions of every node type that n8n loaded. */
	async nodeTypes(): Promise<
		Array<{ name: string; version: number | number[]; properties: unknown[] }>
	> {
		const answer = await request(`${this.url}/types/nodes.json`, {
			headers: { cookie: this.cookie },
		});
		return (await answer.body.json()) as Array<{
			name: string;
			version: number | number[];
			properties: unknown[];
		}>;
	}

	protected async logIn(): Promise<void> {
		const { email, password } = this.login;
		await this.rest('POST', '/login', { emailOrLdapLoginId: email, password });
	}

	protected async rest<T>(
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
		path: string,
		body?: unknown,
	): Promise<T> {
		const answer = await request(`${this.url}/rest${path}`, {
			method,
			headers: {
				...(this.cookie ? { cookie: this.cookie } : {}),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
			},
			body: body === undefined ? null : JSON.stringify(body),
		});
		const cookies = [answer.headers['set-cookie'] ?? []].flat();
		const session = cookies.find((cookie) => cookie.startsWith('n8n-auth='));
		if (session !== undefined) this.cookie = session.split(';')[0] ?? '';
		const text = await answer.body.text();
		if (answer.statusCode >= 400)
			throw new Error(
				`n8n answered ${answer.statusCode} to ${method} ${path}: ${text.slice(0, 2000)}`,
			);
		const parsed = JSON.parse(text) as { data: T };
		return parsed.data;
	}
}

/** An n8n of our own: one main, and in queue mode its workers. */
export class N8n extends N8nApi {
	private startWorker?: (number: number) => ReturnType<typeof startWorker>;

	private constructor(
		url: string,
		login: Login,
		readonly main: N8nProcess,
		/** None unless in queue mode. */
		readonly workers: N8nProcess[],
		/** Only in queue mode. */
		readonly cluster: Cluster | undefined,
		isFirstMajor: boolean,
	) {
		super(url, login, isFirstMajor);
	}

	/** Starts n8n, sets up its owner if needed, and logs in. */
	static async start({ login, ...options }: N8nOptions): Promise<N8n> {
		const n8n = await N8n.boot(options, login);
		try {
			if (login === undefined) await n8n.setUpOwner();
			await n8n.logIn();
		} catch (error) {
			await n8n.stop();
			throw error;
		}
		return n8n;
	}

	/** Starts n8n, and logs nobody in. In queue mode if this run has its servers. */
	static async boot(
		{ runtime, userFolder, env = {}, queue = {} }: Omit<N8nOptions, 'login'>,
		login: Login = {
			email: 'owner@example.com',
			password: `Pw1${randomBytes(9).toString('base64url')}`,
		},
	): Promise<N8n> {
		const { workers = 2, running = [], sharedWith = userFolder } = queue;
		const [port, brokerPort] = await freePorts(2);
		const url = `http://127.0.0.1:${port}`;
		const cluster = await Cluster.of(sharedWith);
		const shared: Shared = {
			runtime,
			env: {
				...n8nEnv(userFolder),
				...(runtime.hasAllModules && { N8N_DISABLED_MODULES: undefined }),
				...cluster?.env(`${url}/`),
				...env,
			},
		};
		const ports = { N8N_PORT: String(port), N8N_RUNNERS_BROKER_PORT: String(brokerPort) };
		const main = new N8nProcess({
			runtime,
			command: 'start',
			userFolder,
			env: { ...ports, ...shared.env },
		});
		const [major] = installedRelease(runtime);
		const n8n = new N8n(url, login, main, [...running], cluster, major === 1);
		try {
			await main.waitUntilUp(() => n8n.isUp());
			// After the main, which makes the tables.
			if (cluster && running.length === 0) await n8n.startWorkers(shared, userFolder, workers);
		} catch (error) {
			// The workers of another main continue.
			n8n.workers.splice(0, running.length);
			await n8n.stop();
			throw error;
		}
		return n8n;
	}

	/** Everything that n8n wrote to its console. */
	get log(): string {
		return [this.main, ...this.workers].map(({ log }) => log).join('\n');
	}

	get pid(): number | undefined {
		return this.main.pid;
	}

	async stop(): Promise<void> {
		await this.main.stop();
		await Promise.all(this.workers.map((worker) => worker.stop()));
	}

	/** Ends all of it with SIGKILL, like a power cut: it can't do anything more. */
	async kill(): Promise<void> {
		await Promise.all([this.main, ...this.workers].map((process) => process.kill()));
	}

	/** Starts a worker in place of one that has ended. */
	async restartWorker(ended: N8nProcess): Promise<void> {
		const i = this.workers.indexOf(ended);
		const started = await this.startWorker?.(i + 1);
		if (started === undefined || i < 0) throw new Error('It is no worker of this n8n.');
		this.workers[i] = started.worker;
		await started.worker.waitUntilUp(started.isUp);
	}

	private async startWorkers(shared: Shared, mainFolder: string, count: number): Promise<void> {
		const starting = [];
		this.startWorker = (number) => startWorker(shared, number, mainFolder);
		for (let number = 1; number <= count; number++) {
			const started = await this.startWorker(number);
			this.workers.push(started.worker);
			starting.push(started.worker.waitUntilUp(started.isUp));
		}
		await Promise.all(starting);
	}

	private async isUp(): Promise<boolean> {
		try {
			const answer = await request(`${this.url}/rest/settings`);
			const body = await answer.body.text();
			// /healthz answers before the API does, and so does this path, with a page. Both answer
			// before n8n has recovered what a crash has left, which can end it.
			return (
				answer.statusCode === 200 &&
				body.startsWith('{') &&
				this.main.log.includes('Editor is now accessible via')
			);
		} catch {
			// Not listening yet.
			return false;
		}
	}

	private async setUpOwner(): Promise<void> {
		await this.rest('POST', '/owner/setup', {
			...this.login,
			firstName: 'Test',
			lastName: 'Owner',
		});
	}
}

/** The items of a node's last run, on its first output. */
export function outputOf(execution: Execution, node: string): OutputItem[] {
	return execution.runs[node]?.at(-1)?.data?.main?.[0] ?? [];
}

export async function readWorkflow(file: string): Promise<Workflow> {
	return JSON.parse(await readFile(file, 'utf8')) as Workflow;
}

/**
 * n8n rejects a cron that fires more than once a minute, but accepts several for other seconds.
 */
export function pollEvery(seconds: number): {
	item: Array<{ mode: string; cronExpression: string }>;
} {
	const item = [];
	for (let second = 0; second < 60; second += seconds)
		item.push({ mode: 'custom', cronExpression: `${second} * * * * *` });
	return { item };
}

export function workflowNode(
	init: Pick<WorkflowNode, 'name' | 'type' | 'parameters'> & Partial<WorkflowNode>,
): WorkflowNode {
	return { id: randomUUID(), typeVersion: 1, position: [0, 0], ...init };
}

/** Nodes in a row, each connected to the next. */
export function inARow(name: string, nodes: WorkflowNode[]): Workflow {
	const connections: Record<string, unknown> = {};
	nodes.slice(0, -1).forEach((node, i) => {
		connections[node.name] = { main: [[{ node: nodes[i + 1]?.name, type: 'main', index: 0 }]] };
	});
	return {
		name,
		nodes: nodes.map((node, i) => ({ ...node, position: [i * 220, 0] })),
		connections,
	};
}
