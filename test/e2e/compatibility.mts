import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Agent, type Emulator } from '../emulator/index.mts';
import { within } from '../limit.mts';
import { ACTIONS, TRIGGER } from './bench.mts';
import {
	buildNativeModules,
	installPackage,
	nodeBinary,
	nodePackage,
	packPackage,
	runStep,
	type Log,
	type Runtime,
} from './install.mts';
import { inARow, N8n, n8nEnv, pollEvery, workflowNode, type Workflow } from './n8n.mts';
import { freePorts } from './ports.mts';
import { waitFor } from './wait.mts';

const USAGE = `npm run compatibility -- 1.85.4
Installs this n8n from npm in a temporary folder, with the packed nodes. Then it executes a workflow
with the Ampersend node, and publishes one that a payment starts. About 5 minutes and 3 GB.`;

/** The newest Node.js that these releases of n8n accept. */
const NODE_22 = '22.23.3';
const NODE_24 = '24.21.0';
/** n8n 2.40 and newer need Node.js 24. */
const FIRST_ON_NODE_24 = [2, 40] as const;

const FIRST_OF_A_POLL = 'GET /agents';
const AGENT = 'Compatible agent';
/** Its limit, in seconds; the steps have their own, too. */
const SECONDS = 1800;
const CREDENTIAL = { id: 'credential', name: 'Ampersend account', type: 'ampersendApi' };

/** Older releases don't start if they don't know a module that is to be switched off. */
const withAllModules = { N8N_DISABLED_MODULES: undefined };

const log: Log = (line) => console.log(line);

function nodeVersionFor(version: string): string {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	const [firstMajor, firstMinor] = FIRST_ON_NODE_24;
	const isNew = major > firstMajor || (major === firstMajor && minor >= firstMinor);
	return isNew ? NODE_24 : NODE_22;
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
	return { node, n8n: join(folder, 'node_modules', 'n8n', 'bin', 'n8n') };
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
				...withAllModules,
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
	const options = { runtime, userFolder, env: withAllModules };
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
	log(`n8n ${version} on Node.js ${nodeVersionFor(version)}: node and trigger ran.`);
}

async function main(): Promise<void> {
	const [version = ''] = process.argv.slice(2);
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
