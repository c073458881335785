import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { seedDemoAgents } from './emulator/demo.mts';
import type { Agent, Emulator } from './emulator/index.mts';
import { startPaymentStream, type StreamedPayment } from './emulator/stream.mts';
import { within } from './runWithin.mts';
import { Guest } from './n8n/guest.mts';
import { Rig, credentialNames, examplesDir, readExample, startOf } from './n8n/rig.mts';
import { installN8n, packPackage } from './n8n/install.mts';
import {
	outputOf,
	type Execution,
	type N8nApi,
	type Running,
	type StoredWorkflow,
} from './n8n/n8n.mts';
import { runningN8n } from './n8n/running.mts';
import { waitFor } from './n8n/wait.mts';

const USAGE = `npm run demo                 a real n8n with the nodes in it, until Ctrl+C
npm run demo -- --every 5    seconds between the payments that the local Ampersend makes (15)
npm run demo -- --once       run the examples once, make one payment, show its alert, and end

With AMPERSEND_N8N_URL, AMPERSEND_N8N_EMAIL and AMPERSEND_N8N_PASSWORD set, it's the n8n that runs
there, on this machine and with the package installed: a workflow in it starts for each payment. The
demo doesn't import the examples then, which need servers of its own, and removes what it has made.

With AMPERSEND_API_KEY set, n8n calls the real deployment of that key. The demo then creates no
agent and makes no payment.`;

const ALERTS = 'payment-alerts-to-slack-and-sheets.json';
const PROVISION = 'provision-agent.json';
/** They need nothing but what is there, and run as often as you like. */
const RUN_BY_HAND = [
	PROVISION,
	'provision-agents-from-sheet.json',
	'nightly-export-to-sheets.json',
	'monthly-csv-by-email.json',
	'month-end-books-by-email.json',
	'weekly-spending-summary.json',
	'cost-per-workflow.json',
	'reconcile-every-week.json',
];
/** It only reads, so it also runs with a real deployment. */
const EXPORT = 'monthly-csv-by-email.json';
const SESSION_CREDENTIAL = 'Ampersend Agent account';
/** The trigger's name in the example, and in what runs in another's n8n. */
const TRIGGER_NAMES = ['Ampersend Trigger', 'Payment'];
const ALERT_TIMEOUT_MS = 60_000;
/** Time limit of each step, in seconds; install.mts has the limits of the installing steps. */
const limits = { start: 240, workflows: 120, once: 120, stop: 30 };

const started = Date.now();
function say(line: string): void {
	const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(4);
	for (const part of line.split('\n')) console.log(`${seconds} s  ${part}`);
}

interface Options {
	once: boolean;
	everyMs: number;
	apiKey: string | undefined;
}

/** Wrong use of the command, shown without a stack. */
class UsageError extends Error {}

function readOptions(): Options | undefined {
	let values: { once?: boolean; every?: string; help?: boolean };
	try {
		({ values } = parseArgs({
			options: {
				once: { type: 'boolean' },
				every: { type: 'string' },
				help: { type: 'boolean', short: 'h' },
			},
		}));
	} catch (error) {
		throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
	}
	if (values.help) return undefined;
	const seconds = Number(values.every ?? 15);
	if (!(seconds >= 1 && seconds <= 3600))
		throw new UsageError(
			`--every takes seconds from 1 to 3600, not "${values.every}".\n\n${USAGE}`,
		);
	return {
		once: values.once ?? false,
		everyMs: seconds * 1000,
		apiKey: process.env.AMPERSEND_API_KEY?.trim() || undefined,
	};
}

const usdc = (micro: bigint) =>
	`${micro / 1_000_000n}.${String(micro % 1_000_000n).padStart(6, '0')} USDC`;

function describePayment({ kind, agent, activity }: StreamedPayment): string {
	const what = activity.type === 'spend' ? 'pays' : 'earns';
	const status = kind === 'status' ? `now ${activity.status}` : activity.status;
	return `payment   ${agent.name} ${what} ${usdc(activity.amountMicro)}: ${status}`;
}

function describeRun(name: string, execution: Execution): string {
	const events = TRIGGER_NAMES.flatMap((trigger) => outputOf(execution, trigger)).map(
		({ json }) => `${json.event} ${json.amountUsdc} USDC`,
	);
	const outcome = execution.status === 'success' ? 'ran' : `failed: ${execution.error?.message}`;
	return `workflow  "${name}" ${outcome}${events.length > 0 ? ` (${events.join(', ')})` : ''}`;
}

/** The imported examples, by their files. */
type Imported = ReadonlyMap<string, StoredWorkflow>;

function importedFrom(imported: Imported, file: string): StoredWorkflow {
	const workflow = imported.get(file);
	if (workflow === undefined) throw new Error(`${file} wasn't imported.`);
	return workflow;
}

async function importAll(rig: Rig): Promise<Imported> {
	const imported = new Map<string, StoredWorkflow>();
	const files = (await readdir(examplesDir)).filter((file) => file.endsWith('.json'));
	for (const file of files.sort()) imported.set(file, await rig.importExample(file));
	say(`workflows ${imported.size} examples are imported`);
	return imported;
}

async function runByHand(rig: Rig, imported: Imported, file: string): Promise<void> {
	const workflow = importedFrom(imported, file);
	const execution = await rig.n8n.run(workflow, startOf(await readExample(file)));
	say(describeRun(workflow.name, execution));
	if (execution.status !== 'success') {
		throw new Error(
			`"${workflow.name}" failed: ${execution.error?.message}\n` +
				(execution.error?.description ?? ''),
		);
	}
}

async function firstRun(n8n: N8nApi, workflow: StoredWorkflow): Promise<Execution> {
	return await waitFor(
		'the payment to start the workflow',
		async () => (await n8n.executions(workflow)).at(0),
		ALERT_TIMEOUT_MS,
	);
}

/** Runs the examples once and ends, for a check by a person or a machine. */
async function once(rig: Rig, imported: Imported, real: boolean): Promise<void> {
	if (real) {
		await runByHand(rig, imported, EXPORT);
		return;
	}
	for (const file of RUN_BY_HAND) await runByHand(rig, imported, file);
	// It finds the agent, the key and the sellers of its first run.
	await runByHand(rig, imported, PROVISION);

	const alerts = importedFrom(imported, ALERTS);
	const rows = rig.sheets.sheet('Payments').rows;
	const [agent] = rig.sandbox.agents() as [Agent];
	const activity = rig.sandbox.pay({
		agent,
		type: 'spend',
		status: 'settled',
		amountMicro: 1_250_000n,
	});
	say(describePayment({ kind: 'new', agent, activity }));
	const run = await firstRun(rig.n8n, alerts);
	say(describeRun(alerts.name, run));
	if (run.status !== 'success') throw new Error(`The alert workflow failed: ${run.error?.message}`);
	if (rows.length !== 1) throw new Error(`One payment led to ${rows.length} rows.`);
}

async function untilStopped(
	{ n8n, sandbox }: { n8n: N8nApi; sandbox: Emulator },
	alerts: StoredWorkflow,
	everyMs: number,
	stopped: AbortSignal,
): Promise<void> {
	const stream =
		everyMs > 0
			? startPaymentStream(sandbox, {
					everyMs,
					onPayment: (payment) => say(describePayment(payment)),
				})
			: undefined;
	let last = '0';
	try {
		while (!stopped.aborted) {
			for (const execution of await n8n.executions(alerts, last)) {
				say(describeRun(alerts.name, execution));
				last = execution.id;
			}
			await sleep(1500, undefined, { signal: stopped }).catch(() => {});
		}
	} finally {
		stream?.stop();
	}
}

/** Five agents: four with a history, and one that also logs in itself. */
async function addAgents(rig: Rig): Promise<void> {
	const { sandbox, sheets } = rig;
	const key = generatePrivateKey();
	const seller = sandbox.addAgent({
		name: 'Translation seller',
		balanceMicro: 410_000n,
		keys: [{ address: privateKeyToAccount(key).address, name: 'n8n' }],
		spendConfig: { daily_limit: '1000000' },
	});
	const agents = [...seedDemoAgents(sandbox), seller];
	for (const { name, address, balanceMicro } of agents)
		say(`agent     ${address}  ${usdc(BigInt(balanceMicro))}  ${name}`);
	const digits = ['7', '8', '9'].map((digit) => `0x${digit.repeat(40)}`);
	sheets.sheet('Agents').rows.push(['Support bot', ...digits, '2.50', '']);

	const values = {
		environment: 'other',
		baseUrl: sandbox.agentBaseUrl,
		agentAddress: seller.address,
		privateKey: key,
	};
	const id = await rig.n8n.createCredential(SESSION_CREDENTIAL, 'ampersendAgentApi', values);
	await testCredential(rig.n8n, {
		id,
		name: SESSION_CREDENTIAL,
		type: 'ampersendAgentApi',
		values,
	});
}

interface Credential {
	id: string;
	name: string;
	type: string;
	values: Record<string, unknown>;
}

async function testCredential(n8n: N8nApi, { id, name, type, values }: Credential): Promise<void> {
	const { status, message } = await n8n.testCredential(id, name, type, values);
	if (status !== 'OK') throw new UsageError(`The credential test failed: ${message}`);
	say(`Credential "${name}": ${message}`);
}

/** Tests the credentials, adds agents, imports the examples and publishes the one with alerts. */
async function prepare(rig: Rig, apiKey: string | undefined): Promise<Imported> {
	const owner: Credential = {
		id: rig.credentialId,
		name: credentialNames.ampersend,
		type: 'ampersendApi',
		values:
			apiKey === undefined
				? { apiKey: rig.sandbox.apiKey, baseUrl: rig.sandbox.baseUrl }
				: { apiKey, baseUrl: '' },
	};
	await testCredential(rig.n8n, owner);
	if (apiKey === undefined) await addAgents(rig);
	// n8n gives a new node the credential that was saved last: most operations need this one.
	await rig.n8n.updateCredential(owner.id, owner.name, owner.type, owner.values);
	const imported = await importAll(rig);
	const alerts = await rig.n8n.activate(importedFrom(imported, ALERTS));
	say(`workflow  "${alerts.name}" is published and looks for payments every 5 s`);
	return imported;
}

async function demo(
	{ once: onceOnly, everyMs, apiKey }: Options,
	stopped: AbortSignal,
): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-demo-'));
	let rig: Rig | undefined;
	try {
		const runtime = await installN8n(say);
		const tarball = await packPackage(folder, say);
		stopped.throwIfAborted();
		say('Start n8n, a local Ampersend and a proxy …');
		rig = await within(
			'The start of n8n',
			limits.start,
			async () =>
				await Rig.start({
					runtime,
					tarball,
					log: say,
					realAmpersend: apiKey !== undefined,
					...(apiKey === undefined ? {} : { credential: { apiKey, baseUrl: '' } }),
				}),
		);
		stopped.throwIfAborted();
		const ready = rig;
		rig.slack.onMessage = ({ channel, text, buttons }) => {
			say(`Slack     ${channel}  ${text.replaceAll('\n', '  ')}`);
			for (const [label, link] of Object.entries(buttons)) say(`          [${label}] ${link}`);
		};
		rig.mail.onEmail = ({ to = [], subject, attachments }) =>
			say(
				`Email     ${to.map(({ address }) => address).join()}  ${subject}, ` +
					`${attachments.length} file(s)`,
			);
		rig.sheets.onWrite = (sheet, rows) => {
			const [row = []] = rows;
			say(`Sheets    ${sheet}: ${rows.length === 1 ? row.join(' | ') : `${rows.length} rows`}`);
		};

		const imported = await within('The set-up of the workflows', limits.workflows, () =>
			prepare(ready, apiKey),
		);
		const { email, password } = rig.n8n.login;
		say(`\nn8n       ${rig.n8n.url}\nlogin     ${email}   password ${password}`);
		const deployment = apiKey?.startsWith('sk_live_') ? 'production' : 'sandbox';
		say(
			apiKey === undefined
				? `API key   ${rig.sandbox.apiKey}\nBase URL  ${rig.sandbox.baseUrl}\n` +
						'Ampersend is a local emulator: no real money moves. ' +
						'You can enter its key in a credential of your own.'
				: `Ampersend is the real ${deployment} deployment. ` +
						'The demo creates no agent and makes no payment.',
		);
		say('Local servers answer for Slack, Google Sheets and email: nothing leaves this machine.\n');

		if (onceOnly)
			await within('The run of everything once', limits.once, () =>
				once(ready, imported, apiKey !== undefined),
			);
		else {
			say('Ctrl+C ends it and removes everything it made.');
			await untilStopped(
				rig,
				importedFrom(imported, ALERTS),
				apiKey === undefined ? everyMs : 0,
				stopped,
			);
		}
	} finally {
		if (rig !== undefined) {
			say('Stop n8n and clean up …');
			await within('The end of n8n', limits.stop, rig.stop.bind(rig));
		}
		await rm(folder, { recursive: true, force: true });
	}
}

/** In another's n8n, on this machine. */
async function demoThere(
	running: Running,
	{ once: onceOnly, everyMs, apiKey }: Options,
	stopped: AbortSignal,
): Promise<void> {
	if (apiKey !== undefined)
		throw new UsageError('AMPERSEND_API_KEY is for an n8n of our own: unset AMPERSEND_N8N_URL.');
	const guest = await within('The login to n8n', limits.start, () => Guest.start(running));
	const { n8n, emulator } = guest;
	try {
		const values = { apiKey: emulator.apiKey, baseUrl: emulator.baseUrl };
		const [agent] = seedDemoAgents(emulator);
		const credential = await guest.createCredential('ampersendApi', values);
		await testCredential(n8n, { ...credential, type: 'ampersendApi', values });
		const workflow = await guest.publishTrigger(credential);
		say(`n8n       ${guest.version}, ${running.url}`);
		say(`workflow  "${workflow.name}" is published and looks for payments every 5 s`);
		if (onceOnly) {
			const activity = emulator.pay({ agent: agent as Agent, type: 'spend', status: 'settled' });
			say(describePayment({ kind: 'new', agent: agent as Agent, activity }));
			say(describeRun(workflow.name, await firstRun(n8n, workflow)));
		} else {
			say('Ctrl+C ends it and removes everything it made.');
			await untilStopped({ n8n, sandbox: emulator }, workflow, everyMs, stopped);
		}
	} finally {
		say('Remove what the demo made in n8n …');
		await within('The end of the demo', limits.stop, guest.leave.bind(guest));
	}
}

async function main(): Promise<void> {
	const options = readOptions();
	if (options === undefined) {
		console.log(USAGE);
		return;
	}
	const stop = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
	try {
		const running = runningN8n();
		if (running === undefined) await demo(options, stop.signal);
		else await demoThere(running, options, stop.signal);
	} catch (error) {
		if (!stop.signal.aborted) throw error;
	}
	if (options.once) say('Done.');
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	// A step that exceeded its limit can still run; n8n ends with this process.
	process.exit(1);
});
