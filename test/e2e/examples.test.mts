import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { examplesDir, readExample, startTestBench } from './bench.mts';
import { Examples } from './examples.mts';
import { testModel } from './examplesModel.mts';
import { testPayments } from './examplesPayments.mts';
import { testProvisioning } from './examplesProvisioning.mts';
import { testReports } from './examplesReports.mts';
import { ScriptedModel } from './model.mts';

let examples: Examples;
let model: ScriptedModel;

beforeAll(async () => {
	examples = new Examples(await startTestBench());
	model = await ScriptedModel.start();
	await examples.bench.n8n.createCredential('OpenAi account', 'openAiApi', model.credential);
});

afterEach(() => {
	const { sandbox } = examples.bench;
	for (const agent of sandbox.agents()) sandbox.removeAgent(agent);
});

afterAll(async () => {
	await model?.stop();
	await examples?.bench.stop();
});

const files = readdirSync(examplesDir).filter((file) => file.endsWith('.json'));

const MANUAL = 'n8n-nodes-base.manualTrigger';

describe.each(files)('%s', (file) => {
	test('uses node types, parameters and options that this n8n has', async () => {
		const types = await examples.bench.n8n.nodeTypes();
		for (const node of (await readExample(file)).nodes) {
			const versions = types.filter(({ name }) => name === node.type);
			const type = versions.find(({ version }) => [version].flat().includes(node.typeVersion));
			if (type === undefined)
				throw new Error(`n8n has no ${node.type} in version ${node.typeVersion}.`);
			const properties = type.properties as Array<{ name: string }>;
			const names = new Set(properties.map(({ name }) => name));
			const unknown = Object.keys(node.parameters).filter((name) => !names.has(name));
			expect({ node: node.name, unknown }).toEqual({ node: node.name, unknown: [] });
		}
	});

	test('is published, unless people start it', async () => {
		const { nodes } = await readExample(file);
		const workflow = await examples.bench.importExample(file);
		if (nodes.some(({ type }) => type === MANUAL)) return;
		const active = await examples.bench.n8n.activate(workflow);
		expect(active.active).toBe(true);
		await examples.bench.n8n.deactivate(active);
	});
});

testProvisioning(() => examples);
testPayments(() => examples);
testReports(() => examples);
testModel(
	() => examples,
	() => model,
);

test('every call was one that a local service answers for', () => {
	examples.bench.proxy.assertClean();
	examples.bench.sandbox.assertClean();
});
