import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getAddress } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import type { Agent } from '../../tools/emulator/index.mts';
import { ACTIONS, credentialNames, startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { chat, ScriptedModel } from '../../tools/n8n/chatModel.mts';
import {
	outputOf,
	workflowNode,
	type Execution,
	type Workflow,
	type WorkflowNode,
} from '../../tools/n8n/n8n.mts';

const LANGCHAIN = '@n8n/n8n-nodes-langchain';
const OPENAI = 'OpenAi account';
const SESSION = 'Agent of the test';

let rig: Rig;
let model: ScriptedModel;
let buyer: Agent;

beforeAll(async () => {
	rig = await startTestRig();
	model = await ScriptedModel.start();
	await rig.n8n.createCredential(OPENAI, 'openAiApi', model.credential);
	const privateKey = generatePrivateKey();
	buyer = rig.sandbox.addAgent({
		name: 'Buyer',
		keys: [privateKeyToAccount(privateKey).address],
		balanceMicro: 3_500_000n,
		spendConfig: { daily_limit: '25000000' },
	});
	await rig.n8n.createCredential(SESSION, 'ampersendAgentApi', {
		environment: 'other',
		baseUrl: rig.sandbox.agentBaseUrl,
		agentAddress: buyer.address,
		privateKey,
	});
});

afterAll(async () => {
	await model?.stop();
	await rig?.stop();
});

/** A parameter that the model fills in. */
const fromAi = (key: string, description: string, type = 'string') =>
	`={{ $fromAI('${key}', '${description}', '${type}') }}`;

function tool(
	name: string,
	parameters: Record<string, unknown>,
	more: Partial<WorkflowNode> = {},
): WorkflowNode {
	return workflowNode({
		name,
		type: `${ACTIONS}Tool`,
		parameters,
		credentials: { ampersendApi: { id: null, name: credentialNames.ampersend } },
		...more,
	});
}

const agentOfModel = {
	__rl: true,
	mode: 'address',
	value: fromAi('agent', 'Address of the agent, as Get agents returns it'),
};

const tools = [
	tool('Get agents', { resource: 'agent', operation: 'getMany', returnAll: true }),
	tool('Get agent', { resource: 'agent', operation: 'get', agent: agentOfModel }),
	tool(
		'Get spending limits',
		{ resource: 'spendingLimit', operation: 'get', agent: agentOfModel },
		{ onError: 'continueRegularOutput' },
	),
	tool('Get transactions', {
		resource: 'transaction',
		operation: 'getMany',
		agentScope: 'one',
		agent: agentOfModel,
		limit: fromAi('limit', 'How many, newest first', 'number'),
	}),
	tool('Get amounts', {
		resource: 'transaction',
		operation: 'getMany',
		agentScope: 'one',
		agent: agentOfModel,
		output: 'selectedFields',
		outputFields: ['amountUsdc', 'status'],
	}),
	tool(
		'Update spending limits',
		{
			authentication: 'agentSession',
			resource: 'spendingLimit',
			operation: 'update',
			updateFields: { dailyLimit: fromAi('daily_limit', 'New daily limit in USDC') },
		},
		{ credentials: { ampersendAgentApi: { id: null, name: SESSION } } },
	),
];

function assistant(): Workflow {
	const trigger = workflowNode({
		name: 'When chat message received',
		type: `${LANGCHAIN}.chatTrigger`,
		typeVersion: 1.1,
		parameters: { options: {} },
	});
	const agent = workflowNode({
		name: 'AI Agent',
		type: `${LANGCHAIN}.agent`,
		typeVersion: 3.1,
		parameters: { options: {} },
	});
	const chatModel = workflowNode({
		name: 'OpenAI Chat Model',
		type: `${LANGCHAIN}.lmChatOpenAi`,
		typeVersion: 1.2,
		parameters: { model: { __rl: true, mode: 'id', value: 'scripted' }, options: {} },
		credentials: { openAiApi: { id: null, name: OPENAI } },
	});
	const to = (type: string) => ({ [type]: [[{ node: agent.name, type, index: 0 }]] });
	return {
		name: 'Assistant',
		nodes: [trigger, agent, chatModel, ...tools],
		connections: {
			[trigger.name]: to('main'),
			[chatModel.name]: to('ai_languageModel'),
			...Object.fromEntries(tools.map(({ name }) => [name, to('ai_tool')])),
		},
		settings: { executionOrder: 'v1' },
	};
}

/** An address in mixed case, with one letter changed from its checksum. */
function withOtherCase(address: string): string {
	const checksummed = getAddress(address);
	const at = checksummed.search(/[a-fA-F]/);
	const letter = checksummed[at] ?? '';
	const other = /[a-f]/.test(letter) ? letter.toUpperCase() : letter.toLowerCase();
	return checksummed.slice(0, at) + other + checksummed.slice(at + 1);
}

/** What the AI agent answers. */
function answerOf(execution: Execution): unknown {
	expect({ status: execution.status, error: execution.error }).toEqual({
		status: 'success',
		error: undefined,
	});
	return outputOf(execution, 'AI Agent')[0]?.json.output;
}

/** The first item that a tool returned. */
function itemOf(result: string | undefined): Record<string, unknown> {
	const [item] = JSON.parse(result ?? '[]') as Array<Record<string, unknown>>;
	if (item === undefined) throw new Error(`The tool returned no item: ${result}`);
	return item;
}

const offeredAgent = {
	type: 'string',
	description: 'Address of the agent, as Get agents returns it',
};

test('offers each tool with its name, what it does and its parameters', async () => {
	model.play(() => 'Hello');

	expect(answerOf(await chat(rig, assistant(), 'Hello'))).toBe('Hello');

	const offered = model.tools.map(({ name, description, parameters }) => [
		name,
		{ description, properties: parameters.properties, required: parameters.required ?? [] },
	]);
	expect(Object.fromEntries(offered)).toEqual({
		Get_agents: {
			description: expect.stringMatching(/^Get many agents\b.* in Ampersend$/),
			properties: {},
			required: [],
		},
		Get_agent: {
			description: expect.stringMatching(/^Get agent\b.* in Ampersend$/),
			properties: { agent: offeredAgent },
			required: ['agent'],
		},
		Get_spending_limits: {
			description: expect.stringMatching(/^Get spending limits\b.* in Ampersend$/),
			properties: { agent: offeredAgent },
			required: ['agent'],
		},
		Get_transactions: {
			description: expect.stringMatching(/^Get many transactions\b.* in Ampersend$/),
			properties: {
				agent: offeredAgent,
				limit: { type: 'number', description: 'How many, newest first' },
			},
			required: ['agent', 'limit'],
		},
		Get_amounts: {
			description: expect.stringMatching(/^Get many transactions\b.* in Ampersend$/),
			properties: { agent: offeredAgent },
			required: ['agent'],
		},
		Update_spending_limits: {
			description: expect.stringMatching(/^Update spending limits\b.* in Ampersend$/),
			properties: { daily_limit: { type: 'string', description: 'New daily limit in USDC' } },
			required: ['daily_limit'],
		},
	});
});

test('reads a budget, and answers with it', async () => {
	model.play(
		() => ({ tool: 'Get_agents', arguments: {} }),
		(agents) => ({ tool: 'Get_agent', arguments: { agent: itemOf(agents).address } }),
		(agent) => ({ tool: 'Get_spending_limits', arguments: { agent: itemOf(agent).address } }),
		(limits) => `Buyer can spend ${String(itemOf(limits).dailyLimitUsdc)} USDC a day.`,
	);

	const execution = await chat(rig, assistant(), 'How much can Buyer spend?');

	expect(answerOf(execution)).toBe('Buyer can spend 25 USDC a day.');
	expect(model.results.map(itemOf)).toMatchObject([
		{ name: 'Buyer', address: buyer.address, balanceUsdc: '3.5' },
		{ name: 'Buyer', address: buyer.address, balanceUsdc: '3.5' },
		{ agentAddress: buyer.address, dailyLimitUsdc: '25' },
	]);
});

test('reads as many payments as the model asks for', async () => {
	for (const amountMicro of [1n, 2n, 3n])
		rig.sandbox.pay({ agent: buyer, type: 'spend', amountMicro });
	model.play(
		() => ({ tool: 'Get_transactions', arguments: { agent: buyer.address, limit: 2 } }),
		() => 'Two payments.',
	);

	const execution = await chat(rig, assistant(), 'Which are the last two payments of Buyer?');

	expect(answerOf(execution)).toBe('Two payments.');
	expect(JSON.parse(model.results[0] ?? '')).toMatchObject([
		{ amountUsdc: '0.000003' },
		{ amountUsdc: '0.000002' },
	]);
});

test('reads only the fields that the tool is set to, and the id', async () => {
	const { id } = rig.sandbox.pay({ agent: buyer, type: 'spend', amountMicro: 4n });
	model.play(
		() => ({ tool: 'Get_amounts', arguments: { agent: buyer.address } }),
		() => 'Done.',
	);

	await chat(rig, assistant(), 'How much did Buyer spend last?');

	expect(itemOf(model.results[0])).toEqual({ amountUsdc: '0.000004', status: 'settled', id });
});

describe('the model is told what it can do about', () => {
	test('a change that the credential may not make', async () => {
		const calls = rig.sandbox.calls.length;
		model.play(
			() => ({ tool: 'Update_spending_limits', arguments: { daily_limit: '1000' } }),
			(refusal) => `I can't change the limit. ${String(itemOf(refusal).error)}`,
		);

		const execution = await chat(rig, assistant(), 'Raise the daily limit of Buyer to 1000.');

		const answer = answerOf(execution);
		expect(answer).toContain(
			"I can't change the limit. Credential: an agent's session can't be used for " +
				'Spending Limit: Update. ' +
				'Choose an Ampersend API credential, or another operation.',
		);
		expect(rig.sandbox.calls).toHaveLength(calls);
		expect(rig.sandbox.agent(buyer).spendConfig?.daily_limit).toBe('25000000');
	});

	test.each([
		['a name instead of an address', () => 'Buyer', 'is not an address.', '0x followed by 40'],
		[
			'an address with a wrong checksum',
			() => withOtherCase(buyer.address),
			"doesn't match its checksum",
			'Copy the address again',
		],
	])('%s, and then succeeds', async (_, wrong, complaint, nextStep) => {
		model.play(
			() => ({ tool: 'Get_spending_limits', arguments: { agent: wrong() } }),
			() => ({ tool: 'Get_agents', arguments: {} }),
			(agents) => ({ tool: 'Get_spending_limits', arguments: { agent: itemOf(agents).address } }),
			(limits) => `${String(itemOf(limits).dailyLimitUsdc)} USDC a day.`,
		);

		const execution = await chat(rig, assistant(), 'How much can Buyer spend?');

		expect(answerOf(execution)).toBe('25 USDC a day.');
		const told = Object.values(itemOf(model.results[0])).join(' ');
		expect(told).toMatch(/^Agent: /);
		expect(told).toContain(complaint);
		expect(told).toContain(nextStep);
	});
});

test('a local service answered every request', () => {
	rig.proxy.assertClean();
	rig.sandbox.assertClean();
});
