import { ACTIONS } from '../tools/n8n/rig.mts';
import { inARow, workflowNode, type Workflow, type WorkflowNode } from '../tools/n8n/n8n.mts';

export const START = 'Start';
/** The last node of each workflow: its output has the file. */
export const FILE = 'File';

interface StoredCredential {
	id: string;
	name: string;
}

function startingWith(name: string, nodes: WorkflowNode[]): Workflow {
	const type = 'n8n-nodes-base.manualTrigger';
	return inARow(name, [workflowNode({ name: START, type, parameters: {} }), ...nodes]);
}

/** An export of all transactions. */
export function exportWorkflow(name: string, credential: StoredCredential): Workflow {
	return startingWith(name, [
		workflowNode({
			name: FILE,
			type: ACTIONS,
			parameters: {
				resource: 'transaction',
				operation: 'export',
				agentScope: 'all',
				format: 'csv',
			},
			credentials: { ampersendApi: credential },
		}),
	]);
}

/** What a user would build without these nodes. @param list URL of one agent's transactions */
export function chainWorkflow(name: string, list: string, credential: StoredCredential): Workflow {
	return startingWith(name, [
		workflowNode({
			name: 'Pages',
			type: 'n8n-nodes-base.httpRequest',
			typeVersion: 4.5,
			parameters: {
				url: list,
				authentication: 'genericCredentialType',
				genericAuthType: 'httpHeaderAuth',
				sendQuery: true,
				queryParameters: {
					parameters: [
						{ name: 'preset', value: 'all' },
						{ name: 'limit', value: '200' },
					],
				},
				options: {
					pagination: {
						pagination: {
							paginationMode: 'updateAParameterInEachRequest',
							parameters: {
								parameters: [{ type: 'qs', name: 'page', value: '={{ $pageCount + 1 }}' }],
							},
							paginationCompleteWhen: 'other',
							completeExpression: '={{ !$response.body.hasNextPage }}',
						},
					},
				},
			},
			credentials: { httpHeaderAuth: credential },
		}),
		workflowNode({
			name: 'Rows',
			type: 'n8n-nodes-base.splitOut',
			parameters: { fieldToSplitOut: 'activity', options: {} },
		}),
		workflowNode({
			name: FILE,
			type: 'n8n-nodes-base.convertToFile',
			typeVersion: 1.1,
			parameters: { operation: 'csv', options: {} },
		}),
	]);
}
