import type {
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { agentScopeFields } from './descriptions/agentScope';
import { authenticationField, nodeCredentials } from './descriptions/authentication';
import { triggerBuilderHint } from './descriptions/builderHint';
import { credentialTest } from './methods/credentialTest';
import { listSearch } from './methods/listSearch';
import { loadOptions } from './methods/loadOptions';
import { eventFiltersField, eventOptionsField, eventsField } from './trigger/parameters';
import { runTrigger } from './trigger/run';

export class AmpersendTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Ampersend Trigger',
		name: 'ampersendTrigger',
		icon: { light: 'file:ampersend.svg', dark: 'file:ampersend.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ [].concat($parameter["events"])' +
			'.filter((name, _, all) => !all.includes("*") || !/^payment/.test(name)).join(", ")' +
			'.replaceAll("payment.", "").replace(/^$|\\*/, "all payment events") }}',
		description:
			'Starts the workflow when a payment of an AI agent arrives or changes its status, or its ' +
			'money runs low',
		defaults: { name: 'Ampersend Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: nodeCredentials,
		properties: [
			authenticationField,
			eventsField,
			...agentScopeFields,
			eventFiltersField,
			eventOptionsField,
		],
		builderHint: triggerBuilderHint,
	};

	methods = { credentialTest, loadOptions, listSearch };

	/** docs/trigger-guarantees.md says what this promises. */
	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await runTrigger(this);
	}
}
