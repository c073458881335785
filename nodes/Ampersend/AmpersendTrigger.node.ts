import type {
	IDataObject,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { toNodeError } from './api/errors';
import { pollActivity, sampleActivity } from './api/poll';
import { openClient } from './api/send';
import { agentScopeFields, readAgentScope } from './descriptions/agentScope';
import { eventsField, readEvents } from './descriptions/events';
import type { TriggerEvent } from './domain/cursor';
import { readState } from './domain/cursor';
import { credentialTest } from './methods/credentialTest';
import { loadOptions } from './methods/pickers';

/** Waits must leave time for the rest of a poll. */
const RETRY = { attempts: 3, budgetMs: 20_000 };

function toOutput(events: TriggerEvent[]): INodeExecutionData[][] | null {
	const items = events.map((event) => ({ json: { ...event } as IDataObject }));
	return items.length > 0 ? [items] : null;
}

export class AmpersendTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Ampersend Trigger',
		name: 'ampersendTrigger',
		icon: { light: 'file:ampersend.svg', dark: 'file:ampersend.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ [].concat($parameter["events"]).join(", ").replaceAll("payment.", "") || "every payment event" }}',
		description: 'Starts the workflow when a payment of an AI agent arrives or changes its status',
		defaults: { name: 'Ampersend Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'ampersendApi', required: true, testedBy: 'ampersendApiTest' }],
		properties: [eventsField, ...agentScopeFields],
	};

	methods = { credentialTest, loadOptions };

	/**
	 * Reads, decides, and writes the state once, at the end: a poll that throws leaves it as it was.
	 * @returns null where nothing is new
	 */
	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		try {
			const wanted = readEvents(this);
			const scope = readAgentScope((name, fallback) => this.getNodeParameter(name, fallback));
			const client = await openClient(this, { retry: RETRY });
			const isWanted = ({ event }: TriggerEvent) => wanted.length === 0 || wanted.includes(event);
			if (this.getMode() === 'manual') {
				return toOutput(await sampleActivity(client, scope, isWanted));
			}

			const stored = this.getWorkflowStaticData('node');
			const { state, events, skipped } = await pollActivity(client, scope, readState(stored.cursor));
			for (const { agent, error, hasBaseline } of skipped) {
				const whatNext = hasBaseline
					? 'is caught up with at the next poll'
					: 'is told of from the first poll on that can read it';
				this.logger.warn(
					`Ampersend Trigger: ${agent.name} (${agent.address}) could not be read and ${whatNext}: ${error.message}`,
				);
			}
			stored.cursor = state;
			return toOutput(events.filter(isWanted));
		} catch (error) {
			throw toNodeError(this.getNode(), error);
		}
	}
}
