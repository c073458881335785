import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { properties } from './actions/registry';
import { router } from './actions/router';
import { builderHint } from './descriptions/builderHint';
import { credentialTest } from './methods/credentialTest';
import { listSearch } from './methods/listSearch';
import { loadOptions } from './methods/loadOptions';

export class Ampersend implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Ampersend',
		name: 'ampersend',
		icon: { light: 'file:ampersend.svg', dark: 'file:ampersend.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle:
			'={{ ($parameter["operation"] + ": " + $parameter["resource"])' +
			'.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase() }}',
		description: 'Manage AI agents that pay with USDC: keys, allowlists, limits and transactions',
		defaults: { name: 'Ampersend' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		// Spelled out for n8n's linter; a test compares them with `nodeCredentials`.
		credentials: [
			{
				name: 'ampersendApi',
				required: true,
				testedBy: 'ampersendApiTest',
				displayOptions: { show: { authentication: ['apiKey'] } },
			},
			{
				name: 'ampersendAgentApi',
				required: true,
				testedBy: 'ampersendAgentApiTest',
				displayOptions: { show: { authentication: ['agentSession'] } },
			},
		],
		properties,
		builderHint,
	};

	methods = { credentialTest, loadOptions, listSearch };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await router.call(this);
	}
}
