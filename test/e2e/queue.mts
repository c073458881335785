import { credentialNames, eventIdOf, TRIGGER, type Rig } from '../../tools/n8n/rig.mts';
import {
	inARow,
	pollEvery,
	workflowNode,
	type N8n,
	type StoredWorkflow,
	type Workflow,
	type WorkflowNode,
} from '../../tools/n8n/n8n.mts';
import { durableEnv } from '../../tools/n8n/queueEnv.mts';
import type { Receiver } from '../../tools/n8n/receiver.mts';
import type { Agent } from '../../tools/emulator/index.mts';
import { waitFor } from '../../tools/n8n/wait.mts';

export const TRIGGER_NAME = 'Ampersend Trigger';

/** n8n looks for polls that are due every second in place of every 5. */
export const durable = { ...durableEnv, N8N_SCHEDULER_EXECUTOR_INTERVAL: '1' };

export interface Acting {
	rig: Rig;
	receiver: Receiver;
	agent: Agent;
	/** Between polls. */
	seconds?: number;
	/** The main that publishes it; by default the rig's. */
	n8n?: N8n;
	options?: Record<string, unknown>;
	/** Between trigger and action. */
	between?: WorkflowNode[];
}

/** A workflow that posts each payment of an agent to the receiver. */
export function acting({
	rig,
	receiver,
	agent,
	seconds = 2,
	options = {},
	between = [],
}: Omit<Acting, 'n8n'>): Workflow {
	const trigger = workflowNode({
		name: TRIGGER_NAME,
		type: TRIGGER,
		parameters: {
			pollTimes: pollEvery(seconds),
			agentScope: 'selected',
			agents: [agent.address],
			options,
		},
		credentials: { ampersendApi: { id: rig.credentialId, name: credentialNames.ampersend } },
	});
	return inARow(`Payments of ${agent.name}`, [trigger, ...between, receiver.node()]);
}

/** Publishes it. */
export async function publishActing(options: Acting): Promise<StoredWorkflow> {
	const { n8n = options.rig.n8n } = options;
	return await n8n.activate(await n8n.importWorkflow(acting(options)), 60_000);
}

/** Makes payments of an agent. @returns the ids of their events */
export function pay(rig: Rig, agent: Agent, count: number): string[] {
	return Array.from({ length: count }, () =>
		eventIdOf(rig.sandbox.pay({ agent, amountMicro: 1_000_000n, status: 'settled' })),
	);
}

/** Waits until each of the events was acted on at least once. */
export async function actedOn(
	receiver: Receiver,
	eventIds: string[],
	timeoutMs = 90_000,
): Promise<void> {
	await waitFor(
		`${eventIds.length} payments to be acted on`,
		() => receiver.timesOf(eventIds).every((times) => times > 0) || undefined,
		timeoutMs,
	);
}

/** Waits until the agent's payments were read that many more times. */
export async function polls(rig: Rig, agent: Agent, count: number): Promise<void> {
	const path = `/agents/${agent.address}/activity`.toLowerCase();
	const from = rig.sandbox.calls.length;
	await waitFor(
		`${count} polls`,
		() => {
			const later = rig.sandbox.calls.slice(from);
			return (
				later.filter((call) => call.path.toLowerCase().includes(path)).length >= count || undefined
			);
		},
		180_000,
	);
}
