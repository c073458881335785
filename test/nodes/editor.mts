import { LoadOptionsContext } from 'n8n-core';
import type {
	INode,
	INodeParameters,
	INodeTypes,
	IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { Workflow } from 'n8n-workflow';

import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { Credentials, type CredentialFields } from './n8n.mts';

const type = new Ampersend();

const nodeTypes: INodeTypes = {
	getByName: () => type,
	getByNameAndVersion: () => type,
	getKnownTypes: () => ({}),
};

/** The context in which the editor loads a list for a node. It passes defaults along, too. */
export function openEditor(
	given: INodeParameters,
	credential: CredentialFields,
): LoadOptionsContext {
	const parameters = { authentication: 'apiKey', ...given };
	const node: INode = {
		id: 'ampersend',
		name: 'Ampersend',
		type: 'ampersend',
		typeVersion: 1,
		position: [0, 0],
		parameters,
		credentials: {
			ampersendApi: { id: '1', name: 'Ampersend' },
			ampersendAgentApi: { id: '2', name: 'Ampersend Agent' },
		},
	};
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const data: Partial<IWorkflowExecuteAdditionalData> = {
		credentialsHelper: new Credentials(() => credential),
		currentNodeParameters: parameters,
	};
	return new LoadOptionsContext(
		workflow,
		node,
		data as IWorkflowExecuteAdditionalData,
		'parameters.agent',
	);
}
