import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { generatePrivateKey } from 'viem/accounts';
import { randomAddress } from '../../tools/emulator/index.mts';
import {
	examplesDir,
	leastOf,
	readExample,
	startTestRig,
	testSetup,
} from '../../tools/n8n/rig.mts';
import { Examples } from './examples.mts';
import { testAlerts } from './examplesAlerts.mts';
import { testModel } from './examplesModel.mts';
import { testPayments } from './examplesPayments.mts';
import { testProvisioning } from './examplesProvisioning.mts';
import { testReports } from './examplesReports.mts';
import { testSums } from './examplesSums.mts';
import { ScriptedModel } from '../../tools/n8n/chatModel.mts';
import { installedRelease, isAtLeast } from '../../tools/n8n/install.mts';
import type { N8n, Workflow } from '../../tools/n8n/n8n.mts';

let examples: Examples;
let model: ScriptedModel;
/** All that n8n has, read once: it's long. */
let types: Awaited<ReturnType<N8n['nodeTypes']>>;

beforeAll(async () => {
	examples = new Examples(await startTestRig());
	types = await examples.rig.n8n.nodeTypes();
	const { n8n, sandbox } = examples.rig;
	await n8n.createCredential('Ampersend Agent account', 'ampersendAgentApi', {
		environment: 'other',
		baseUrl: sandbox.agentBaseUrl,
		agentAddress: randomAddress(),
		privateKey: generatePrivateKey(),
	});
	model = await ScriptedModel.start();
	await examples.rig.n8n.createCredential('OpenAi account', 'openAiApi', model.credential);
});

afterEach(() => {
	const { sandbox } = examples.rig;
	for (const agent of sandbox.agents()) sandbox.removeAgent(agent);
});

afterAll(async () => {
	await model?.stop();
	await examples?.rig.stop();
});

const release = installedRelease(testSetup().runtime);

/** The examples that say that they run in this n8n. */
const files = readdirSync(examplesDir).filter((file) => {
	if (!file.endsWith('.json')) return false;
	const example = JSON.parse(readFileSync(join(examplesDir, file), 'utf8')) as Workflow;
	return isAtLeast(release, leastOf(example));
});

const MANUAL = 'n8n-nodes-base.manualTrigger';

interface Property {
	name: string;
	type: string;
	options?: Array<{ name: string }>;
}

/** n8n drops what it doesn't know, in silence: an email loses its attachment. */
function unknownNames(properties: Property[], parameters: Record<string, unknown>): string[] {
	return Object.entries(parameters).flatMap(([name, value]) => {
		const found = properties.filter((property) => property.name === name);
		if (found.length === 0) return [name];
		if (found.some(({ type }) => type !== 'collection')) return [];
		const options = found.flatMap((property) => property.options ?? []);
		return Object.keys(value as object).filter(
			(inner) => !options.some((option) => option.name === inner),
		);
	});
}

describe.each(files)('%s', (file) => {
	test('uses node types, parameters and options that this n8n has', async () => {
		for (const node of (await readExample(file)).nodes) {
			const versions = types.filter(({ name }) => name === node.type);
			const type = versions.find(({ version }) => [version].flat().includes(node.typeVersion));
			if (type === undefined)
				throw new Error(`n8n has no ${node.type} in version ${node.typeVersion}.`);
			const unknown = unknownNames(type.properties as Property[], node.parameters);
			expect({ node: node.name, unknown }).toEqual({ node: node.name, unknown: [] });
		}
	});

	test('is published, unless people start it', async () => {
		const { nodes } = await readExample(file);
		const workflow = await examples.rig.importExample(file);
		if (nodes.some(({ type }) => type === MANUAL)) return;
		const active = await examples.rig.n8n.activate(workflow);
		expect(active.active).toBe(true);
		await examples.rig.n8n.deactivate(active);
	});
});

testProvisioning(() => examples);
testPayments(() => examples);
testAlerts(() => examples);
testReports(() => examples);
testSums(() => examples);
if (files.includes('ai-agent-reads-budgets.json')) {
	testModel(
		() => examples,
		() => model,
	);
}

test('every call was one that a local service answers for', () => {
	examples.rig.proxy.assertClean();
	examples.rig.sandbox.assertClean();
});
