import { startEmulator, type Emulator } from '../emulator/index.mts';
import {
	inARow,
	N8nApi,
	pollEvery,
	workflowNode,
	type Running,
	type StoredWorkflow,
	type Workflow,
} from './n8n.mts';
import { TRIGGER } from './rig.mts';

/** Begins the name of all that a guest makes. */
const PREFIX = 'Ampersend check: ';

/** A run in another's n8n, with a local Ampersend: it removes what it has made. */
export class Guest {
	private readonly credentials: string[] = [];
	private readonly workflows: StoredWorkflow[] = [];

	private constructor(
		readonly n8n: N8nApi,
		readonly emulator: Emulator,
		readonly version: string,
	) {}

	/** @throws Error if n8n can't be reached, rejects the login or lacks the package */
	static async start(running: Running): Promise<Guest> {
		const n8n = await N8nApi.connect(running);
		const types = await n8n.nodeTypes();
		if (!types.some(({ name }) => name === TRIGGER))
			throw new Error(
				`The n8n at ${running.url} doesn't have n8n-nodes-ampersend. Install it there first.`,
			);
		return new Guest(n8n, await startEmulator(), await n8n.version());
	}

	async createCredential(
		type: string,
		data: Record<string, unknown>,
	): Promise<{ id: string; name: string }> {
		const name = `${PREFIX}${type}`;
		const id = await this.n8n.createCredential(name, type, data);
		this.credentials.push(id);
		return { id, name };
	}

	/** Publishes a workflow that payments start; its trigger is called Payment. */
	async publishTrigger(ampersendApi: { id: string; name: string }): Promise<StoredWorkflow> {
		const workflow = inARow('payments', [
			workflowNode({
				name: 'Payment',
				type: TRIGGER,
				parameters: { pollTimes: pollEvery(5) },
				credentials: { ampersendApi },
			}),
			workflowNode({ name: 'Nothing', type: 'n8n-nodes-base.noOp', parameters: {} }),
		]);
		return await this.n8n.activate(await this.importWorkflow(workflow));
	}

	async importWorkflow(workflow: Workflow): Promise<StoredWorkflow> {
		const name = `${PREFIX}${workflow.name}`;
		const stored = await this.n8n.importWorkflow({ ...workflow, name });
		this.workflows.push(stored);
		return stored;
	}

	/** Removes all, also where a step fails: the first failure is thrown at the end. */
	async leave(): Promise<void> {
		const { n8n } = this;
		const steps = [
			...this.workflows.map((workflow) => async () => {
				await n8n.deactivate(workflow);
				await n8n.deleteWorkflow(workflow);
			}),
			...this.credentials.map((id) => () => n8n.deleteCredential(id)),
			() => this.emulator.close(),
		];
		const failed: unknown[] = [];
		for (const step of steps) await step().catch((error: unknown) => failed.push(error));
		if (failed.length > 0) throw failed[0];
	}
}
