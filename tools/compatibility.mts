import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Agent, type Emulator } from './emulator/index.mts';
import { runJest } from './jest.mts';
import { within } from './runWithin.mts';
import { ACTIONS, TRIGGER } from './n8n/rig.mts';
import {
	buildNativeModules,
	installPackage,
	isAtLeast,
	nodeBinary,
	nodePackage,
	packPackage,
	releaseOf,
	rootDir,
	runStep,
	type Log,
	type Release,
	type Runtime,
} from './n8n/install.mts';
import {
	inARow,
	N8n,
	N8nApi,
	n8nEnv,
	pollEvery,
	workflowNode,
	type Running,
	type Workflow,
} from './n8n/n8n.mts';
import { freePorts } from './n8n/ports.mts';
import { leftOutLines, RUNS, runningN8n } from './n8n/running.mts';
import { waitFor } from './n8n/wait.mts';

const USAGE = `npm run compatibility -- 1.85.4
Installs this n8n from npm in a temporary folder, with the packed nodes. Then it executes a workflow
with the Ampersend node, publishes one that a payment starts, and plays all examples that say that
they run in it. About 10 minutes and 3 GB.
With AMPERSEND_N8N_URL, AMPERSEND_N8N_EMAIL and AMPERSEND_N8N_PASSWORD set, and no version: what of
that can run in the n8n there, which has the package and is on this machine.`;

/** The newest Node.js that these releases of n8n accept. */
const NODE_22 = '22.23.3';
const NODE_24 = '24.21.0';
/** n8n 2.40 and newer need Node.js 24. */
const FIRST_ON_NODE_24: Release = [2, 40];

const FIRST_OF_A_POLL = 'GET /agents';
const AGENT = 'Compatible agent';
/** Its limit, in seconds; the steps have their own, too. */
const SECONDS = 2700;
const CREDENTIAL = { id: 'credential', name: 'Ampersend account', type: 'ampersendApi' };

const log: Log = (line) => console.log(line);

function nodeVersionFor(version: string): string {
	return isAtLeast(releaseOf(version), FIRST_ON_NODE_24) ? NODE_24 : NODE_22;
}

async function install(version: string, folder: string): Promise<Runtime> {
	const manifest = {
		private: true,
		dependencies: { n8n: version, [nodePackage]: nodeVersionFor(version) },
		// Older releases take it from another host than npm. The workflows here don't need it.
		overrides: { xlsx: '0.18.5' },
	};
	await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
	await runStep(
		{
			title: `Install n8n ${version}`,
			seconds: 900,
			command: 'npm',
			args: ['install', '--ignore-scripts', '--no-audit', '--no-fund'],
			cwd: folder,
			advice: `It needs 3 GB of disk, and npm needs n8n ${version} with all of its dependencies.`,
		},
		log,
	);
	const node = nodeBinary(folder);
	await buildNativeModules(folder, node, 'Build its native modules', log);
	return { node, n8n: join(folder, 'node_modules', 'n8n', 'bin', 'n8n'), hasAllModules: true };
}

const credentials = { ampersendApi: { id: CREDENTIAL.id, name: CREDENTIAL.name } };

/** Executed by hand: lists the agents. */
const actionWorkflow = inARow('Action', [
	workflowNode({ name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {} }),
	workflowNode({
		name: 'List agents',
		type: ACTIONS,
		parameters: { resource: 'agent', operation: 'getMany', returnAll: true },
		credentials,
	}),
]);

/** Published: gives the agent that paid the name of the event, so that the service shows it. */
const triggerWorkflow = inARow('Trigger', [
	workflowNode({
		name: 'Payment',
		type: TRIGGER,
		parameters: { pollTimes: pollEvery(5) },
		credentials,
	}),
	workflowNode({
		name: 'Rename agent',
		type: ACTIONS,
		parameters: {
			resource: 'agent',
			operation: 'update',
			agent: { __rl: true, mode: 'address', value: '={{ $json.agentAddress }}' },
			name: '={{ $json.event }}',
		},
		credentials,
	}),
]);

interface Installed {
	version: string;
	/** What is installed, and everything that the run makes. */
	folder: string;
	runtime: Runtime;
	userFolder: string;
	emulator: Emulator;
}

/** Runs a command of n8n. @returns what it printed */
async function n8nCommand(
	{ runtime, userFolder }: Installed,
	title: string,
	...args: string[]
): Promise<string> {
	const [brokerPort] = await freePorts(1);
	return await runStep(
		{
			title,
			seconds: 180,
			command: runtime.node,
			args: [runtime.n8n, ...args],
			cwd: userFolder,
			env: {
				...n8nEnv(userFolder),
				N8N_DISABLED_MODULES: undefined,
				N8N_RUNNERS_BROKER_PORT: String(brokerPort),
			},
			advice: 'See what n8n says above.',
		},
		log,
	);
}

/** With what n8n's import needs, and some versions of the editor's import reject. */
function stored(id: string, workflow: Workflow): Workflow {
	return { ...workflow, id, versionId: randomUUID(), settings: {}, active: false };
}

async function importAll(installed: Installed): Promise<void> {
	const { folder, emulator } = installed;
	const data = { apiKey: emulator.apiKey, baseUrl: emulator.baseUrl };
	const contents = {
		credentials: [{ ...CREDENTIAL, data }],
		workflow: [stored('action', actionWorkflow), stored('trigger', triggerWorkflow)],
	};
	for (const [kind, content] of Object.entries(contents)) {
		const file = join(folder, `${kind}.json`);
		await writeFile(file, JSON.stringify(content));
		await n8nCommand(installed, `Import the ${kind}`, `import:${kind}`, `--input=${file}`);
	}
}

async function runAction(installed: Installed): Promise<void> {
	const args = ['execute', '--id=action', '--rawOutput'];
	const output = await n8nCommand(installed, 'Execute the workflow', ...args);
	// n8n's exit code doesn't tell: the name comes from the service.
	if (!output.includes(AGENT)) throw new Error(`The workflow listed no agent:\n${output}`);
}

/** Each major version of n8n publishes in its own way. */
async function startPublished(installed: Installed): Promise<N8n> {
	const { version, runtime, userFolder } = installed;
	const options = { runtime, userFolder };
	if (version.startsWith('1.')) {
		const args = ['update:workflow', '--id=trigger', '--active=true'];
		await n8nCommand(installed, 'Publish the workflow', ...args);
		return await N8n.boot(options);
	}
	const n8n = await N8n.start(options);
	try {
		// The first releases of 2.x need it to be said.
		await n8n.publish(await n8n.importWorkflow({ ...triggerWorkflow, active: false }));
		return n8n;
	} catch (error) {
		await n8n.stop();
		throw error;
	}
}

async function runTrigger(installed: Installed, agent: Agent): Promise<void> {
	const { emulator } = installed;
	emulator.clearCalls();
	const n8n = await startPublished(installed);
	try {
		// The first poll reads the baseline: a payment before its end is part of it.
		await waitFor('the second poll', () => {
			const polls = emulator.calls.filter(({ route }) => route === FIRST_OF_A_POLL);
			return polls.length > 1 || undefined;
		});
		emulator.pay({ agent, status: 'settled' });
		await waitFor('the payment to start the workflow', () =>
			emulator.agents().find(({ name }) => name === 'payment.settled'),
		);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new Error(`${reason}\n${n8n.log.slice(-3000)}`, { cause: error });
	} finally {
		await n8n.stop();
	}
}

/** In an n8n of its own, with the services that the examples call. */
async function runExamples(runtime: Runtime): Promise<void> {
	const code = await runJest({
		step: 'The examples',
		seconds: 900,
		args: ['-c', join(rootDir, 'test', 'e2e', 'jest.config.mjs'), '(examples|payments)\\.test'],
		env: { ...process.env, AMPERSEND_E2E_RUNTIME: JSON.stringify(runtime) },
	});
	if (code !== 0) throw new Error('An example did not do what it says. See above.');
}

async function runAll(version: string, folder: string, emulator: Emulator): Promise<void> {
	const runtime = await install(version, folder);
	const userFolder = join(folder, 'user');
	await mkdir(userFolder);
	await installPackage(await packPackage(folder, log), userFolder, log);
	const installed = { version, folder, runtime, userFolder, emulator };
	const agent = emulator.addAgent({ name: AGENT });
	await importAll(installed);
	await runAction(installed);
	await runTrigger(installed, agent);
	await runExamples(runtime);
	log(`n8n ${version} on Node.js ${nodeVersionFor(version)}: node, trigger and examples ran.`);
}

/** In an n8n that isn't on npm, such as that of a Docker image. */
async function runThere(running: Running): Promise<void> {
	const n8n = await N8nApi.connect(running);
	for (const line of leftOutLines()) log(line);
	const code = await runJest({
		step: `What can run in ${running.url}`,
		seconds: 300,
		args: ['-c', join(rootDir, 'test', 'e2e', 'jest.config.mjs'), RUNS],
	});
	if (code !== 0) throw new Error('See above.');
	log(`n8n ${await n8n.version()} at ${running.url}: node, trigger and both credentials ran.`);
}

async function main(): Promise<void> {
	const [version = ''] = process.argv.slice(2);
	const running = version === '' ? runningN8n() : undefined;
	if (running !== undefined) return await runThere(running);
	if (!/^\d+\.\d+\.\d+$/.test(version)) {
		console.log(USAGE);
		process.exitCode = 2;
		return;
	}
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-compatibility-'));
	const emulator = await startEmulator();
	try {
		await within('The run', SECONDS, () => runAll(version, folder, emulator));
	} finally {
		await emulator.close();
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
});
