import { inARow, workflowNode, type Workflow, type WorkflowNode } from '../tools/n8n/n8n.mts';
import { ACTIONS } from '../tools/n8n/rig.mts';
import { ANCHORS } from './anchors.mts';
import { addressOf } from './rows.mts';

export const START = 'Start';
/** The last node of an export: its output has the file. */
export const LAST = 'Last';

interface StoredCredential {
	id: string;
	name: string;
}

function startingWith(name: string, nodes: WorkflowNode[]): Workflow {
	const type = 'n8n-nodes-base.manualTrigger';
	return inARow(name, [workflowNode({ name: START, type, parameters: {} }), ...nodes]);
}

/** @param list URL of the first agent's transactions */
type WorkflowOf = (
	name: string,
	credential: StoredCredential,
	account: { list: string; rows: number },
) => Workflow;

/** An execution of one node with our credential. */
function nodeWorkflow(
	name: string,
	type: string,
	parameters: Record<string, unknown>,
	credential: StoredCredential,
): Workflow {
	const credentials = { ampersendApi: credential };
	return startingWith(name, [workflowNode({ name: LAST, type, parameters, credentials })]);
}

const transactions = { resource: 'transaction', agentScope: 'all' };
const exported = { ...transactions, operation: 'export', format: 'csv' };
const agent = { __rl: true, mode: 'address', value: '={{ $json.address }}' };

function listNodes(list: string, credential: StoredCredential): WorkflowNode[] {
	return [
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
				options: { pagination: { pagination } },
			},
			credentials: { httpHeaderAuth: credential },
		}),
		workflowNode({
			name: 'Rows',
			type: 'n8n-nodes-base.splitOut',
			parameters: { fieldToSplitOut: 'activity', options: {} },
		}),
	];
}

const pagination = {
	paginationMode: 'updateAParameterInEachRequest',
	parameters: {
		parameters: [{ type: 'qs', name: 'page', value: '={{ $pageCount + 1 }}' }],
	},
	paginationCompleteWhen: 'other',
	completeExpression: '={{ !$response.body.hasNextPage }}',
};

const fileNode = workflowNode({
	name: LAST,
	type: 'n8n-nodes-base.convertToFile',
	typeVersion: 1.1,
	parameters: { operation: 'csv', options: {} },
});

/** What n8n executes for each side. */
export const workflows = {
	/** An export of all transactions. */
	ours: (name, credential) => nodeWorkflow(name, ACTIONS, exported, credential),
	minimal: (name, credential) => nodeWorkflow(name, `${ANCHORS}.minimal`, {}, credential),
	ballast: (name, credential) => nodeWorkflow(name, `${ANCHORS}.ballast`, {}, credential),
	getMany(name, credential) {
		const parameters = { ...transactions, operation: 'getMany', returnAll: true };
		return nodeWorkflow(name, ACTIONS, parameters, credential);
	},
	/** Reads the agent of each item. */
	items(name, credential, { rows }) {
		const parameters = { resource: 'agent', operation: 'get', agent };
		const items = Array.from({ length: rows }, (_, i) => ({ json: { address: addressOf(i) } }));
		const workflow = nodeWorkflow(name, ACTIONS, parameters, credential);
		return { ...workflow, pinData: { [START]: items } };
	},
	/** What a user would build without these nodes. */
	chain(name, credential, { list }) {
		return startingWith(name, [...listNodes(list, credential), fileNode]);
	},
	split: (name, credential, { list }) => startingWith(name, listNodes(list, credential)),
} satisfies Record<string, WorkflowOf>;

export type Execution = keyof typeof workflows;
