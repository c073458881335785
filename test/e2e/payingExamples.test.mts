/** The examples in which a model, people or a seller in n8n decide, and not only the buyer. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chatPublished, ScriptedModel } from '../../tools/n8n/chatModel.mts';
import { outputOf, type Execution, type Workflow } from '../../tools/n8n/n8n.mts';
import { readExample } from '../../tools/n8n/rig.mts';
import { waitFor } from '../../tools/n8n/wait.mts';
import { PRICE_MICRO, type Behaviour, type Sellers } from '../../tools/sellers/sellers.mts';
import { Examples, expectSuccess } from './examples.mts';
import { addAgent, Buyer, START, withValues } from './paying.mts';

let buyer: Buyer;
let model: ScriptedModel;

beforeAll(async () => {
	buyer = await Buyer.start();
	model = await ScriptedModel.start();
	await buyer.rig.n8n.createCredential('OpenAi account', 'openAiApi', model.credential);
});

afterAll(async () => {
	await model?.stop();
	await buyer?.stop();
});

beforeEach(async () => await buyer.begin());

describe('ai-agent-buys-with-approval.json', () => {
	/** Below what sellers ask for. */
	const LOW = { aloneUpTo: '0.005' };

	interface Asked {
		behaviour?: Behaviour;
		caps?: Record<string, string>;
		/** The button that people press. */
		answer?: 'Buy' | 'Decline';
	}

	/** @returns what the tool told the model, and what people were asked */
	async function ask({ behaviour = 'normal', caps = {}, answer }: Asked) {
		const { rig, sellers } = buyer;
		const url = `${sellers.v2}/${behaviour}`;
		model.play(
			() => ({ tool: 'Buy', arguments: { url, aloneUpTo: '100', maximumAmount: '100' } }),
			() => 'Done.',
		);
		const from = rig.slack.messages.length;
		const example = withValues(await readExample('ai-agent-buys-with-approval.json'), 'Caps', caps);
		const [execution] = await Promise.all([
			chatPublished(rig, example, `Buy ${url}`),
			answer && new Examples(rig).press(answer),
		]);
		expectSuccess(execution);
		expect(outputOf(execution, 'AI Agent')[0]?.json.output).toBe('Done.');
		const [told] = model.results.map((result) => JSON.parse(result) as object[]);
		return { url, told, questions: rig.slack.messages.slice(from).map(({ text }) => text) };
	}

	const content = expect.stringContaining('"sold":"/normal"');
	const bought = [{ status: 'bought', content, priceUsdc: '0.01', reason: '' }];

	test('buys alone up to the first cap, and lets the model choose the URL only', async () => {
		const { told, questions } = await ask({});
		expect(told).toEqual(bought);
		expect(questions).toEqual([]);
		expect(await buyer.settled()).toMatchObject([{ value: String(PRICE_MICRO) }]);
		expect(model.tools.map(({ name, parameters }) => [name, parameters.properties])).toEqual([
			['Buy', { url: { type: 'string', description: 'URL of what to buy' } }],
		]);
	});

	test('buys once above it, if people approve', async () => {
		const { url, told, questions } = await ask({ caps: LOW, answer: 'Buy' });
		expect(told).toEqual(bought);
		expect(questions).toEqual([`The AI agent may not pay 0.01 USDC alone for ${url}. Buy it?`]);
		expect(await buyer.settled()).toMatchObject([{ value: String(PRICE_MICRO) }]);
	});

	test("doesn't buy what people decline", async () => {
		const authorized = buyer.rig.sandbox.authorizations.length;
		const { told } = await ask({ caps: LOW, answer: 'Decline' });
		const reason = 'People were asked, and declined it.';
		expect(told).toEqual([{ status: 'declined', content: '', reason }]);
		expect(await buyer.settled()).toEqual([]);
		expect(buyer.rig.sandbox.authorizations).toHaveLength(authorized);
	});

	test('asks nobody above the second cap', async () => {
		const { told, questions } = await ask({ caps: { ...LOW, approvedUpTo: '0.009' } });
		const reason = expect.stringContaining('its price of 0.01 USDC is above Maximum Amount');
		expect(told).toEqual([{ status: 'declined', content: '', reason }]);
		expect(questions).toEqual([]);
		expect(await buyer.settled()).toEqual([]);
	});

	test('pays nothing to a seller that wants more than what people approved', async () => {
		const { told } = await ask({ behaviour: 'raises', caps: LOW, answer: 'Buy' });
		expect(told).toMatchObject([{ status: 'unclear' }]);
		expect(await buyer.settled()).toEqual([]);
	});

	test('returns what is free', async () => {
		const { told } = await ask({ behaviour: 'free' });
		expect(told).toMatchObject([{ status: 'free', content: expect.stringContaining('/free') }]);
		expect(await buyer.settled()).toEqual([]);
	});
});

/**
 * Ampersend is two in this test. The emulator has the endpoint, with its price and proxy header. A
 * seller from npm takes the payment in place of Ampersend, and calls the webhook with that header.
 */
describe('sell-from-a-webhook.json', () => {
	const SELLER = 'Ampersend Agent account of the seller';
	const secret = randomBytes(18).toString('hex');
	let payTo: string;
	let webhook: string;

	/** The example, unchanged but for the value of the header, and whose account it is. */
	async function readSelling(): Promise<Workflow> {
		const example = await readExample('sell-from-a-webhook.json');
		const nodes = example.nodes.map((node) => ({
			...node,
			...(node.credentials?.ampersendAgentApi && {
				credentials: { ampersendAgentApi: { id: null, name: SELLER } },
			}),
			...(node.name === 'Add proxy header' && {
				parameters: { ...node.parameters, headerValue: secret },
			}),
		}));
		return { ...example, nodes };
	}

	beforeAll(async () => {
		const { rig } = buyer;
		const { n8n, sandbox } = rig;
		const { agent } = await addAgent(rig, 'Seller', SELLER);
		payTo = agent.address;
		const values = { name: 'X-Proxy-Key', value: secret };
		await n8n.createCredential('Header Auth account', 'httpHeaderAuth', values);
		const workflow = await n8n.activate(await n8n.importWorkflow(await readSelling()));
		await n8n.begin(workflow, START);
		const endpoint = await waitFor('the proxy header', () =>
			sandbox.hostedEndpoints(agent).find(({ proxyHeaders }) => 'X-Proxy-Key' in proxyHeaders),
		);
		expect(endpoint).toMatchObject({
			proxyUrl: 'https://n8n.example.com/webhook/quote-of-the-day',
			priceUsd: Number(PRICE_MICRO) / 1e6,
			proxyHeaders: { 'X-Proxy-Key': secret },
		});
		webhook = n8n.url + new URL(endpoint.proxyUrl).pathname;
	});

	/** Buys with the other example what a seller gets from the webhook. */
	async function buyWith(headers: Record<string, string>): Promise<[Execution, Sellers]> {
		const sellers = await buyer.sellersOf(payTo, { url: webhook, headers });
		const workflow = await buyer.importBuying(`${sellers.v2}/normal`);
		return [await buyer.run(workflow), sellers];
	}

	test('delivers to an agent that pays', async () => {
		const headers = buyer.rig.sandbox.hostedEndpoints(payTo)[0]?.proxyHeaders ?? {};
		const [execution, sellers] = await buyWith(headers);
		expect(outputOf(execution, 'Pay the seller')[0]?.json).toMatchObject({
			statusCode: 200,
			body: { author: 'Benjamin Franklin' },
		});
		expect(outputOf(execution, 'Report payment')[0]?.json).toMatchObject({ settled: true });
		expect(await sellers.ledger()).toMatchObject([
			{ from: buyer.agent.address, to: payTo, value: String(PRICE_MICRO) },
		]);
	});

	test("delivers nothing to whoever hasn't the proxy header", async () => {
		for (const value of ['', 'another'])
			expect((await fetch(webhook, { headers: { 'X-Proxy-Key': value } })).status).toBe(403);
		const [execution, sellers] = await buyWith({});
		expect(outputOf(execution, 'Pay the seller')[0]?.json).toMatchObject({ statusCode: 403 });
		expect(await sellers.ledger()).toEqual([]);
	});
});

test('every call was one that a local service answers for', () => {
	buyer.rig.proxy.assertClean();
	buyer.rig.sandbox.assertClean();
});
