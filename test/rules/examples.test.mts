import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

interface ExampleNode {
	name: string;
	type: string;
	typeVersion: number;
	parameters: Record<string, unknown>;
}

interface Example {
	nodes: ExampleNode[];
	connections: Record<string, { main?: Array<Array<{ node: string }> | null> }>;
}

const root = resolve(__dirname, '../..');
const folder = join(root, 'examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');
const read = (file: string) => JSON.parse(textOf(file)) as Example;

/** The oldest n8n that loads our nodes. */
const OLDEST = '1.85';

/** The newest version of each node in n8n 1.85.4 (npm: n8n-nodes-base, n8n-nodes-langchain). */
const inOldest: Record<string, number> = {
	'@n8n/n8n-nodes-langchain.agent': 1.8,
	'@n8n/n8n-nodes-langchain.chatTrigger': 1.1,
	'@n8n/n8n-nodes-langchain.lmChatOpenAi': 1.2,
	'@n8n/n8n-nodes-langchain.memoryBufferWindow': 1.3,
	'n8n-nodes-base.aggregate': 1,
	'n8n-nodes-base.code': 2,
	'n8n-nodes-base.emailSend': 2.1,
	'n8n-nodes-base.executeWorkflowTrigger': 1.1,
	'n8n-nodes-base.googleSheets': 4.5,
	'n8n-nodes-base.httpRequest': 4.2,
	'n8n-nodes-base.if': 2.2,
	'n8n-nodes-base.manualTrigger': 1,
	'n8n-nodes-base.noOp': 1,
	'n8n-nodes-base.removeDuplicates': 2,
	'n8n-nodes-base.scheduleTrigger': 1.2,
	'n8n-nodes-base.set': 3.4,
	'n8n-nodes-base.slack': 2.3,
	'n8n-nodes-base.stickyNote': 1,
	'n8n-nodes-base.switch': 3.2,
	'n8n-nodes-base.wait': 1.1,
	'n8n-nodes-base.webhook': 2,
};

/** What came later: in a node, its type and version; in an expression, a word. */
const later: Array<[string, string]> = [
	// The default version since then.
	['1.105', '@n8n/n8n-nodes-langchain.agent 2.2'],
	// It waits for a tool that asks people. Played in this version only.
	['2.41', '@n8n/n8n-nodes-langchain.agent 3.1'],
	['2.41', '@n8n/n8n-nodes-langchain.toolWorkflow 2.2'],
	// A confirmation has had its time only since then.
	['2.30', 'respondedAt'],
	// A credential of an agent needs 2.11, and was played in this one only.
	['2.41', 'ampersendAgentApi'],
];

const number = (version: string) => {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	return major * 1000 + minor;
};

/** The oldest n8n that has all that an example uses. */
function leastOf(file: string): string {
	const nodes = read(file).nodes.filter(({ type }) => !type.startsWith('n8n-nodes-ampersend.'));
	const used = [...nodes.map(({ type, typeVersion }) => `${type} ${typeVersion}`), textOf(file)];
	const found = later.filter(([, what]) => used.some((one) => one.includes(what)));
	for (const { type, typeVersion } of nodes) {
		if (found.some(([, what]) => what === `${type} ${typeVersion}`)) continue;
		expect({ type, isInOldest: typeVersion <= (inOldest[type] ?? 0) }).toEqual({
			type,
			isInOldest: true,
		});
	}
	return [OLDEST, ...found.map(([version]) => version)].sort((a, b) => number(b) - number(a))[0]!;
}

describe.each(files)('%s', (file) => {
	it('says which n8n it needs, in its note', () => {
		const notes = read(file).nodes.map(({ parameters }) => String(parameters.content ?? ''));
		const stated = notes.flatMap((text) => /^Needs n8n (\S+) or newer\.$/m.exec(text)?.[1] ?? []);
		expect(stated).toEqual([leastOf(file)]);
	});

	it('was played in that n8n', () => {
		const runs = readFileSync(join(root, 'docs', 'n8n-versions.md'), 'utf8');
		expect(runs).toMatch(new RegExp(`^\\| ${leastOf(file)}\\.\\d+ \\|.*[Ee]xample`, 'm'));
	});
});

describe('rotate-agent-key.json', () => {
	const { nodes, connections } = read('rotate-agent-key.json');
	const parametersOf = (name: string) => nodes.find((node) => node.name === name)?.parameters;
	const after = (name: string) => connections[name]?.main?.map((to) => to?.map(({ node }) => node));

	it('takes the time of the switch itself, once it is confirmed', () => {
		expect(after('Ask for the switch')).toEqual([['Time of the switch']]);
		expect(after('Time of the switch')).toEqual([['Wait']]);
		expect(parametersOf('Time of the switch')).toMatchObject({
			assignments: { assignments: [{ name: 'switchedAt', value: '={{ $now.toISO() }}' }] },
		});
	});

	it('revokes the old key only if a payment settled from that time on', () => {
		const time = "$('Time of the switch').first().json.switchedAt";
		expect(parametersOf('Get settled payments')).toMatchObject({
			filters: { direction: 'spend', from: `={{ ${time} }}`, status: ['settled'] },
		});
		const [paid] = (parametersOf('Paid by now?')?.rules as { values: object[] }).values;
		expect(paid).toMatchObject({
			conditions: {
				conditions: [
					{
						leftValue:
							"={{ $json.status === 'settled' && " +
							`DateTime.fromISO($json.occurredAt) >= DateTime.fromISO(${time}) }}`,
					},
				],
			},
		});
		expect(after('Paid by now?')?.[0]).toEqual(['Revoke the old key']);
	});
});
