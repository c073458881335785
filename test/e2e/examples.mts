import { expect } from '@jest/globals';
import { request } from 'undici';
import { ACTIONS, credentialNames, readExample, startOf, type Rig } from '../../tools/n8n/rig.mts';
import { inARow, outputOf, workflowNode, type Execution } from '../../tools/n8n/n8n.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

/** Runs the files of examples/ in one n8n, and plays the people who answer them. */
export class Examples {
	constructor(readonly rig: Rig) {}

	/** @param meanwhile what happens outside n8n while it runs */
	async run(file: string, meanwhile?: () => Promise<void>): Promise<Execution> {
		const start = startOf(await readExample(file));
		const workflow = await this.rig.importExample(file);
		const [execution] = await Promise.all([this.rig.n8n.run(workflow, start), meanwhile?.()]);
		expectSuccess(execution);
		return execution;
	}

	/** Publishes it for as long as the steps take: every run has to succeed. */
	async whilePublished(file: string, steps: () => Promise<void>): Promise<void> {
		const { n8n } = this.rig;
		const workflow = await n8n.activate(await this.rig.importExample(file));
		try {
			await steps();
		} finally {
			await n8n.deactivate(workflow);
		}
		const executions = await waitFor('all runs to end', async () => {
			const all = await n8n.executions(workflow);
			return all.some(({ status }) => status === 'running') ? undefined : all;
		});
		expect(executions.filter(({ status }) => status !== 'success')).toEqual([]);
	}

	/** Waits until a published trigger has begun so many more polls that list agents. */
	async polls(count: number): Promise<void> {
		const { sandbox } = this.rig;
		const from = sandbox.calls.length;
		await waitFor(`${count} polls`, () => {
			const lists = sandbox.calls.slice(from).filter(({ path }) => /\/agents(\?|$)/.test(path));
			return lists.length >= count || undefined;
		});
	}

	/** What *Summarize* says that has moved, in micro-USDC. */
	async moved(filters: Record<string, unknown>): Promise<bigint> {
		const workflow = await this.rig.n8n.importWorkflow(
			inARow('Summarize', [
				workflowNode({ name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {} }),
				workflowNode({
					name: 'Summarize',
					type: ACTIONS,
					parameters: {
						resource: 'transaction',
						operation: 'summarize',
						agentScope: 'all',
						groupBy: [],
						filters,
					},
					credentials: { ampersendApi: { id: null, name: credentialNames.ampersend } },
				}),
			]),
		);
		const execution = await this.rig.n8n.run(workflow, 'Start');
		expectSuccess(execution);
		return toMicro(String(outputOf(execution, 'Summarize')[0]?.json.movedUsdc));
	}

	/** Presses a button of the Slack message that comes next, as a person's browser does. */
	async press(label: string): Promise<string> {
		const { messages } = this.rig.slack;
		const from = messages.length;
		const message = await waitFor('a question in Slack', () =>
			messages.slice(from).find(({ buttons }) => label in buttons),
		);
		await this.open(message.buttons[label] ?? '');
		return message.text;
	}

	/** n8n ignores a click that comes before the execution waits, and one by a robot. */
	async open(link: string): Promise<void> {
		const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0' };
		await waitFor('n8n to take the answer', async () => {
			const answer = await request(link, { headers });
			await answer.body.dump();
			return answer.statusCode === 200 || undefined;
		});
	}

	/** The file in a node's output. */
	async fileOf(execution: Execution, node: string) {
		const binary = outputOf(execution, node)[0]?.binary?.data;
		if (binary === undefined) throw new Error(`"${node}" has no file in its output.`);
		return { fileName: binary.fileName, content: await this.rig.n8n.file(binary) };
	}

	/** Texts of the Slack messages that came while the steps ran. */
	async messagesOf(steps: () => Promise<unknown>): Promise<string[]> {
		const from = this.rig.slack.messages.length;
		await steps();
		return this.rig.slack.messages.slice(from).map(({ text }) => text);
	}
}

export function expectSuccess({ status, error }: Execution): void {
	expect({ status, error: error?.message }).toEqual({ status: 'success', error: undefined });
}

/** Micro-USDC of a decimal amount. */
export function toMicro(usdc: string): bigint {
	const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(usdc) ?? [];
	if (whole === undefined) throw new Error(`"${usdc}" is no amount.`);
	const micro = BigInt(whole + fraction.padEnd(6, '0'));
	return sign ? -micro : micro;
}

/** The rows of a CSV file without quotes, by the names in its header. */
export function readCsv(content: Buffer): Array<Record<string, string>> {
	const [header = '', ...lines] = content.toString('utf8').trimEnd().split('\r\n');
	const names = header.split(',');
	return lines.map((line) =>
		Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])),
	);
}
