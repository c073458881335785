import { LoadOptionsContext } from 'n8n-core';
import type { INodeParameters, IWorkflowExecuteAdditionalData } from 'n8n-workflow';
import { Workflow } from 'n8n-workflow';

import { Credentials, nodeOf, nodeTypes, type CredentialFields } from './n8nCore.mts';

/** The context in which the editor loads a list for a node. It passes defaults along, too. */
export function openEditor(
	given: INodeParameters,
	credential: CredentialFields,
): LoadOptionsContext {
	const parameters = { authentication: 'apiKey', ...given };
	const node = nodeOf('ampersend', parameters);
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
