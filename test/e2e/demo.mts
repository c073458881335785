import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startPaymentStream, type StreamedPayment } from '../emulator/stream.mts';
import { within } from '../limit.mts';
import { Bench, credentialNames, readExample } from './bench.mts';
import { installN8n, packPackage } from './install.mts';
import { outputOf, type Execution, type StoredWorkflow } from './n8n.mts';
import { waitFor } from './wait.mts';

const USAGE = `npm run demo                 a real n8n with the nodes in it, until Ctrl+C
npm run demo -- --every 5    seconds between the payments that the local Ampersend makes (15)
npm run demo -- --once       provision an agent, make one payment, show its alert, export, and end

With AMPERSEND_API_KEY set, n8n calls the real deployment of that key. The demo then creates no
agent and makes no payment.`;

const ALERTS = 'payment-alerts-to-slack-and-sheets.json';
const PROVISION = 'provision-agent.json';
const EXPORT = 'export-transactions.json';
/** The trigger's name in the example. */
const TRIGGER_NAME = 'Ampersend Trigger';
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
	const events = outputOf(execution, TRIGGER_NAME).map(
		({ json }) => `${json.event} ${json.amountUsdc} USDC`,
	);
	const outcome = execution.status === 'success' ? 'ran' : `failed: ${execution.error?.message}`;
	return `workflow  "${name}" ${outcome}${events.length > 0 ? ` (${events.join(', ')})` : ''}`;
}

async function runByHand(bench: Bench, file: string): Promise<Execution> {
	const example = await readExample(file);
	const trigger = example.nodes.find(({ type }) => type === 'n8n-nodes-base.manualTrigger');
	const workflow = await bench.importExample(file);
	const execution = await bench.n8n.run(workflow, trigger?.name ?? '');
	say(describeRun(workflow.name, execution));
	if (execution.status !== 'success') {
		throw new Error(
			`"${workflow.name}" failed: ${execution.error?.message}\n` +
				(execution.error?.description ?? ''),
		);
	}
	return execution;
}

async function showExport(bench: Bench, execution: Execution): Promise<void> {
	const file = outputOf(execution, 'Export transactions')[0]?.binary?.data;
	if (file === undefined) throw new Error('The export gave no file.');
	const lines = (await bench.n8n.file(file)).toString('utf8').trimEnd().split('\r\n');
	say(`file      ${file.fileName}: ${lines.length - 1} transactions`);
}

/** Runs each example once and ends, for a check by a person or a machine. */
async function once(bench: Bench, alerts: StoredWorkflow, real: boolean): Promise<void> {
	if (real) {
		await showExport(bench, await runByHand(bench, EXPORT));
		return;
	}
	const [agent] = bench.sandbox.agents();
	if (agent === undefined) throw new Error('The provisioning workflow created no agent.');
	const activity = bench.sandbox.pay({
		agent,
		type: 'spend',
		status: 'settled',
		amountMicro: 1_250_000n,
	});
	say(describePayment({ kind: 'new', agent, activity }));
	const run = await waitFor(
		'the payment to start the workflow',
		async () => (await bench.n8n.executions(alerts)).at(0),
		ALERT_TIMEOUT_MS,
	);
	say(describeRun(alerts.name, run));
	if (run.status !== 'success') throw new Error(`The alert workflow failed: ${run.error?.message}`);
	if (bench.slack.messages.length !== 1 || bench.sheets.rows.length !== 1) {
		throw new Error(
			`One payment led to ${bench.slack.messages.length} Slack messages and ` +
				`${bench.sheets.rows.length} rows.`,
		);
	}
	// A second run of the same example: the agent exists, so its key is removed and added again.
	bench.sandbox.updateAgent(agent, { keys: agent.keys.slice(0, 1).map(({ address }) => address) });
	await showExport(bench, await runByHand(bench, PROVISION));
}

async function untilStopped(
	bench: Bench,
	alerts: StoredWorkflow,
	everyMs: number,
	stopped: AbortSignal,
): Promise<void> {
	const stream =
		everyMs > 0
			? startPaymentStream(bench.sandbox, {
					everyMs,
					onPayment: (payment) => say(describePayment(payment)),
				})
			: undefined;
	let last = '0';
	try {
		while (!stopped.aborted) {
			for (const execution of await bench.n8n.executions(alerts, last)) {
				say(describeRun(alerts.name, execution));
				last = execution.id;
			}
			await sleep(1500, undefined, { signal: stopped }).catch(() => {});
		}
	} finally {
		stream?.stop();
	}
}

/**
 * Tests the credential, and imports, runs and publishes the examples. @returns the one with payment
 * alerts
 */
async function prepare(
	bench: Bench,
	onceOnly: boolean,
	apiKey: string | undefined,
): Promise<StoredWorkflow> {
	const { status, message } = await bench.n8n.testCredential(
		bench.credentialId,
		credentialNames.ampersend,
		'ampersendApi',
		apiKey === undefined
			? { apiKey: bench.sandbox.apiKey, baseUrl: bench.sandbox.baseUrl }
			: { apiKey, baseUrl: '' },
	);
	if (status !== 'OK') throw new UsageError(`The credential test failed: ${message}`);
	say(`Credential "${credentialNames.ampersend}": ${message}`);

	if (apiKey === undefined) await runByHand(bench, PROVISION);
	else await bench.importExample(PROVISION);
	if (!(onceOnly && apiKey !== undefined)) await bench.importExample(EXPORT);
	const alerts = await bench.n8n.activate(await bench.importExample(ALERTS));
	say(`workflow  "${alerts.name}" is active and looks for payments every 5 s`);
	return alerts;
}

async function demo(
	{ once: onceOnly, everyMs, apiKey }: Options,
	stopped: AbortSignal,
): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-demo-'));
	let bench: Bench | undefined;
	try {
		const runtime = await installN8n(say);
		const tarball = await packPackage(folder, say);
		stopped.throwIfAborted();
		say('Start n8n, a local Ampersend and a proxy …');
		bench = await within(
			'The start of n8n',
			limits.start,
			async () =>
				await Bench.start({
					runtime,
					tarball,
					log: say,
					realAmpersend: apiKey !== undefined,
					...(apiKey === undefined ? {} : { credential: { apiKey, baseUrl: '' } }),
				}),
		);
		stopped.throwIfAborted();
		const ready = bench;
		bench.slack.onMessage = ({ channel, text }) =>
			say(`Slack     ${channel}  ${text.replaceAll('\n', '  ')}`);
		bench.sheets.onRow = (row) => say(`Sheets    ${row.join(' | ')}`);

		const alerts = await within('The set-up of the workflows', limits.workflows, () =>
			prepare(ready, onceOnly, apiKey),
		);
		const { email, password } = bench.n8n.login;
		say(`\nn8n       ${bench.n8n.url}\nlogin     ${email}   password ${password}`);
		const deployment = apiKey?.startsWith('sk_live_') ? 'production' : 'sandbox';
		say(
			apiKey === undefined
				? `Ampersend is a local emulator at ${bench.sandbox.baseUrl}; no real money moves.`
				: `Ampersend is the real ${deployment} deployment. ` +
						'The demo creates no agent and makes no payment.',
		);
		say('Slack and Google Sheets are answered by a local proxy: nothing is sent to them.\n');

		if (onceOnly)
			await within('The run of everything once', limits.once, () =>
				once(ready, alerts, apiKey !== undefined),
			);
		else {
			say('Ctrl+C ends it and removes everything it made.');
			await untilStopped(bench, alerts, apiKey === undefined ? everyMs : 0, stopped);
		}
	} finally {
		if (bench !== undefined) {
			say('Stop n8n and clean up …');
			await within('The end of n8n', limits.stop, bench.stop.bind(bench));
		}
		await rm(folder, { recursive: true, force: true });
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
		await demo(options, stop.signal);
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
