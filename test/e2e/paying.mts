import { expect } from '@jest/globals';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import type { Agent } from '../../tools/emulator/index.mts';
import type { Execution, StoredWorkflow, Workflow } from '../../tools/n8n/n8n.mts';
import { readExample, startTestRig, type Rig } from '../../tools/n8n/rig.mts';
import { installSellers } from '../../tools/sellers/install.mts';
import {
	startSellers,
	type Goods,
	type Sellers,
	type SellersOptions,
	type Settled,
} from '../../tools/sellers/sellers.mts';

const BUY = 'buy-from-an-api.json';
export const START = 'When you execute the workflow';

/** The credential of the examples. */
export const CREDENTIAL = 'Ampersend Agent account';

const TIMEOUT_MS = 3_000;

/** An agent that has a credential in n8n, and sellers that take its payments. */
export class Buyer {
	/** How many transfers were settled before the running test. */
	private before = 0;

	private readonly others: Sellers[] = [];

	private constructor(
		readonly rig: Rig,
		readonly agent: Agent,
		readonly sellers: Sellers,
		private readonly options: SellersOptions,
	) {}

	static async start(): Promise<Buyer> {
		await installSellers((line) => process.stderr.write(`${line}\n`));
		const rig = await startTestRig();
		const { agent, key } = await addAgent(rig, 'Buyer', CREDENTIAL);
		const options = {
			serviceKeyAddress: await rig.sandbox.serviceKeyAddress(),
			agents: [{ address: agent.address, keys: [key] }],
		};
		try {
			return new Buyer(rig, agent, await startSellers(options), options);
		} catch (error) {
			await rig.stop();
			throw error;
		}
	}

	async stop(): Promise<void> {
		for (const sellers of [this.sellers, ...this.others]) await sellers.close();
		await this.rig.stop();
	}

	/** Begins a test. */
	async begin(): Promise<void> {
		this.rig.sandbox.updateAgent(this.agent, { paymentKey: 'coSigned', spendConfig: null });
		this.before = (await this.sellers.ledger()).length;
	}

	/** What was settled in this test. */
	async settled(): Promise<Settled[]> {
		return (await this.sellers.ledger()).slice(this.before);
	}

	/** Further sellers, which take the agent's payments for somebody's goods. */
	async sellersOf(payTo: string, goods: Goods): Promise<Sellers> {
		const sellers = await startSellers({ ...this.options, payTo, goods });
		this.others.push(sellers);
		return sellers;
	}

	/** Imports the example, unchanged except for what it buys and how long it waits. */
	async importBuying(url: string, change = (workflow: Workflow) => workflow) {
		const example = withValues(await readExample(BUY), 'What to buy', { url });
		const nodes = example.nodes.map((node) => {
			const { parameters } = node;
			if (node.name !== 'Pay the seller') return node;
			const options = { ...(parameters.options as object), timeout: TIMEOUT_MS };
			return { ...node, parameters: { ...parameters, options } };
		});
		return await this.rig.n8n.importWorkflow(change({ ...example, nodes }));
	}

	/** Executes a workflow that has to succeed. */
	async run(workflow: StoredWorkflow): Promise<Execution> {
		const execution = await this.rig.n8n.run(workflow, START);
		expect({ status: execution.status, error: execution.error?.message }).toEqual({
			status: 'success',
			error: undefined,
		});
		return execution;
	}
}

/** An agent with its credential in n8n. */
export async function addAgent({ sandbox, n8n }: Rig, name: string, credential: string) {
	const privateKey = generatePrivateKey();
	const key = privateKeyToAccount(privateKey).address;
	const agent = sandbox.addAgent({ name, keys: [key], balanceMicro: 5_000_000n });
	await n8n.createCredential(credential, 'ampersendAgentApi', {
		environment: 'other',
		baseUrl: sandbox.agentBaseUrl,
		agentAddress: agent.address,
		privateKey,
	});
	return { agent, key };
}

/** With other values in a node that sets some. */
export function withValues(
	workflow: Workflow,
	name: string,
	values: Record<string, string>,
): Workflow {
	const nodes = workflow.nodes.map((node) => {
		if (node.name !== name) return node;
		const { assignments } = node.parameters.assignments as {
			assignments: Array<{ name: string; value: unknown }>;
		};
		const changed = assignments.map((one) => ({ ...one, value: values[one.name] ?? one.value }));
		return {
			...node,
			parameters: { ...node.parameters, assignments: { assignments: changed } },
		};
	});
	return { ...workflow, nodes };
}
