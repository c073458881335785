import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
	eventIdOf,
	examplesDir,
	readExample,
	sheetColumns,
	startTestBench,
	TRIGGER,
	type Bench,
} from './bench.mts';
import { outputOf, type Execution } from './n8n.mts';
import { waitFor } from './wait.mts';

let bench: Bench;

beforeAll(async () => {
	bench = await startTestBench();
});

afterEach(() => {
	for (const agent of bench.sandbox.agents()) bench.sandbox.removeAgent(agent);
});

afterAll(async () => {
	await bench?.stop();
});

const MANUAL = 'n8n-nodes-base.manualTrigger';
const files = readdirSync(examplesDir).filter((file) => file.endsWith('.json'));

async function runExample(file: string): Promise<Execution> {
	const { nodes } = await readExample(file);
	const start = nodes.find(({ type }) => type === MANUAL);
	if (start === undefined) throw new Error(`${file} has no manual trigger.`);
	const workflow = await bench.importExample(file);
	const execution = bench.n8n.run(workflow, start.name);
	if (file === APPROVAL) await approve();
	return await execution;
}

const APPROVAL = 'request-approval.json';

/** Approves what is asked for, as the owner does, once it was found to be pending. */
async function approve(): Promise<void> {
	const from = bench.sandbox.calls.length;
	await waitFor(
		'a look at the request',
		() => bench.sandbox.calls.slice(from).some(({ path }) => path.endsWith('/status')) || undefined,
	);
	for (const token of bench.sandbox.undecided()) bench.sandbox.decide(token, 'resolved');
}

/** The rows of a CSV file without quotes, by the names in its header. */
function readCsv(text: string): Array<Record<string, string>> {
	const [header = '', ...lines] = text.trimEnd().split('\r\n');
	const names = header.split(',');
	return lines.map((line) =>
		Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])),
	);
}

async function csvOf(execution: Execution, node: string) {
	const binary = outputOf(execution, node)[0]?.binary?.data;
	if (binary === undefined) throw new Error(`"${node}" has no file in its output.`);
	return { binary, text: (await bench.n8n.file(binary)).toString('utf8') };
}

describe.each(files)('%s', (file) => {
	test('uses node types, parameters and options that this n8n has', async () => {
		const types = await bench.n8n.nodeTypes();
		for (const node of (await readExample(file)).nodes) {
			const versions = types.filter(({ name }) => name === node.type);
			const type = versions.find(({ version }) => [version].flat().includes(node.typeVersion));
			if (type === undefined)
				throw new Error(`n8n has no ${node.type} in version ${node.typeVersion}.`);
			const properties = type.properties as Array<{ name: string }>;
			const names = new Set(properties.map(({ name }) => name));
			for (const parameter of Object.keys(node.parameters)) {
				expect({ node: node.name, parameter, known: names.has(parameter) }).toEqual({
					node: node.name,
					parameter,
					known: true,
				});
			}
		}
	});

	test('runs, or is published, unchanged', async () => {
		const { nodes } = await readExample(file);
		bench.sandbox.addAgent();
		if (nodes.some(({ type }) => type === TRIGGER)) {
			const active = await bench.n8n.activate(await bench.importExample(file));
			expect(active.active).toBe(true);
			await bench.n8n.deactivate(active);
			return;
		}
		const execution = await runExample(file);
		expect({ status: execution.status, error: execution.error?.message }).toEqual({
			status: 'success',
			error: undefined,
		});
	});
});

describe('provision-agent.json', () => {
	test('creates an agent, adds a key and sellers, and exports its transactions', async () => {
		const execution = await runExample('provision-agent.json');
		expect({ status: execution.status, error: execution.error?.message }).toEqual({
			status: 'success',
			error: undefined,
		});

		const [settings] = outputOf(execution, 'What to set up');
		const [made] = bench.sandbox.agents();
		expect(made).toMatchObject({
			name: settings?.json.agentName,
			keys: [
				{ address: settings?.json.agentKeyAddress },
				{ address: settings?.json.backupKeyAddress, name: 'Backup' },
			],
			allowlist: settings?.json.sellers,
			spendConfig: { daily_limit: '25000000' },
		});
		expect(bench.sandbox.agents()).toHaveLength(1);
		expect(outputOf(execution, 'Create agent')[0]?.json).toMatchObject({
			address: made?.address,
			created: true,
		});
		const { binary, text } = await csvOf(execution, 'Export transactions');
		expect(binary).toMatchObject({ fileName: `${made?.address}.csv`, mimeType: 'text/csv' });
		expect(readCsv(text)).toEqual([]);
		expect(text).toMatch(/^occurredAt,agentName,/);
	});

	test('finds the agent of that name, and exports what it paid and earned', async () => {
		const [settings] = outputOf(await runExample('provision-agent.json'), 'What to set up');
		const [agent] = bench.sandbox.agents();
		if (agent === undefined) throw new Error('No agent was created.');
		bench.sandbox.updateAgent(agent, { keys: [String(settings?.json.agentKeyAddress)] });
		bench.sandbox.pay({ agent, type: 'spend', amountMicro: 1_250_000n, status: 'settled' });
		bench.sandbox.pay({
			agent,
			type: 'earn',
			amountMicro: 90_071_992_547_409_931n,
			status: 'received',
		});

		const execution = await runExample('provision-agent.json');

		expect({ status: execution.status, error: execution.error?.message }).toEqual({
			status: 'success',
			error: undefined,
		});
		expect(bench.sandbox.agents()).toHaveLength(1);
		expect(outputOf(execution, 'Create agent')[0]?.json).toMatchObject({
			address: agent.address,
			created: false,
		});
		const rows = readCsv((await csvOf(execution, 'Export transactions')).text);
		expect(
			rows.map(({ direction, amountUsdc, amountUsdcMicro, status }) => ({
				direction,
				amountUsdc,
				amountUsdcMicro,
				status,
			})),
		).toEqual(
			expect.arrayContaining([
				{ direction: 'spend', amountUsdc: '1.25', amountUsdcMicro: '1250000', status: 'settled' },
				{
					direction: 'earn',
					amountUsdc: '90071992547.409931',
					amountUsdcMicro: '90071992547409931',
					status: 'received',
				},
			]),
		);
		expect(rows).toHaveLength(2);
	});
});

test('request-approval.json sends the link, and reports the new agent', async () => {
	const before = bench.slack.messages.length;
	const execution = await runExample(APPROVAL);
	expect({ status: execution.status, error: execution.error?.message }).toEqual({
		status: 'success',
		error: undefined,
	});
	const [asked] = outputOf(execution, 'Request approval');
	const [agent] = bench.sandbox.agents();
	expect(agent).toMatchObject({
		name: 'Research assistant',
		keys: [{ address: '0x1111111111111111111111111111111111111111' }],
		spendConfig: { daily_limit: '25000000' },
	});
	const [link, answer] = bench.slack.messages.slice(before).map(({ text }) => text);
	expect(link).toContain(String(asked?.json.approveUrl));
	expect(link).toContain(`*${String(asked?.json.verificationCode)}*`);
	expect(answer).toBe(`Research assistant: resolved, at ${agent?.address}`);
});

test('export-transactions.json exports last month, from its first moment to its last', async () => {
	const agent = bench.sandbox.addAgent({ name: 'Buyer' });
	const execution = await runExample('export-transactions.json');
	const { from, to } = outputOf(execution, 'Last month')[0]?.json ?? {};
	const [start, end] = [Date.parse(String(from)), Date.parse(String(to))];
	for (const [i, timestamp] of [start - 1, start, end - 1, end].entries()) {
		bench.sandbox.pay({
			agent,
			type: 'spend',
			amountMicro: BigInt(1_000_000 + i),
			status: 'settled',
			timestamp,
		});
	}

	const again = await runExample('export-transactions.json');

	const { binary, text } = await csvOf(again, 'Export transactions');
	expect(binary.fileName).toBe(`ampersend-${String(from).slice(0, 7)}.csv`);
	expect(
		readCsv(text)
			.map(({ amountUsdcMicro }) => amountUsdcMicro)
			.sort(),
	).toEqual(['1000001', '1000002']);
});

describe('each-payment-once.json', () => {
	const eventIds = (rows: string[][]) => rows.map((row) => row[sheetColumns.indexOf('Event ID')]);

	test('adds a row for each payment, and none when the same events are repeated', async () => {
		const before = bench.sheets.rows.length;
		const agent = bench.sandbox.addAgent({ name: 'Buyer' });
		const workflow = await bench.n8n.activate(await bench.importExample('each-payment-once.json'));
		const spent = bench.sandbox.pay({
			agent,
			type: 'spend',
			amountMicro: 1_250_000n,
			status: 'settled',
		});
		const earned = bench.sandbox.pay({ agent, type: 'earn', amountMicro: 3n, status: 'received' });
		const expected = [spent, earned].map(eventIdOf).sort();
		await waitFor('a row for each payment', () =>
			bench.sheets.rows.length - before >= 2 ? true : undefined,
		);
		expect(eventIds(bench.sheets.rows.slice(before)).sort()).toEqual(expected);

		const again = await bench.n8n.run(workflow, 'Ampersend Trigger');

		expect({ status: again.status, error: again.error?.message }).toEqual({
			status: 'success',
			error: undefined,
		});
		const sample = outputOf(again, 'Ampersend Trigger').map(({ json }) => json.eventId);
		expect(sample.sort()).toEqual(expected);
		expect(outputOf(again, 'Each event once')).toEqual([]);
		expect(again.runs).not.toHaveProperty('Append a row');

		const later = bench.sandbox.pay({ agent, type: 'spend', amountMicro: 4n, status: 'denied' });
		await waitFor('a row for a later payment', () =>
			bench.sheets.rows.length - before >= 3 ? true : undefined,
		);
		await bench.n8n.deactivate(workflow);
		expect(eventIds(bench.sheets.rows.slice(before)).sort()).toEqual(
			[...expected, eventIdOf(later)].sort(),
		);
		const executions = await bench.n8n.executions(workflow);
		expect(executions.filter(({ status }) => status !== 'success')).toEqual([]);
	});
});

test('every call was one that a local service answers for', () => {
	bench.proxy.assertClean();
	bench.sandbox.assertClean();
});
