import type { IDataObject } from 'n8n-workflow';
import type * as z from 'zod/v4-mini';

import type { Client } from '../api/client';
import { routes } from '../api/routes';
import { send } from '../api/send';
import type { Address } from '../domain/address';
import { parseToken } from '../domain/identifier';
import { approvalOutput, approvalRequestOutput } from '../outputs/approval';
import type { RowOperation } from './operation';

/**
 * Asks the owner for a new agent or agent key.
 * @param body in the service's terms (SDK, types.ts: AgentApprovalRequest)
 */
export async function requestApproval(
	client: Client,
	agentKeyAddress: Address,
	body: IDataObject,
): Promise<z.infer<typeof approvalRequestOutput.schema>> {
	const request = await send(client, routes.requestApproval, {
		path: {},
		// The SDK's name for it is agent_key_address, the service's is this (approval.ts).
		body: { session_key_address: agentKeyAddress, ...body },
	});
	return approvalRequestOutput.of(request, { agentKeyAddress });
}

const tokenField = { displayName: 'Token', name: 'token' } as const;

/** @param what the owner approves: "agent" or "agent key" */
export function getApprovalOperation(what: string): RowOperation<typeof approvalOutput.schema> {
	return {
		option: {
			name: 'Get Approval',
			value: 'getApproval',
			action: `Get approval of ${what}`,
			description: `Get whether the owner has approved the ${what}`,
		},
		inSession: 'also',
		fields: [
			{
				...tokenField,
				type: 'string',
				required: true,
				default: '',
				placeholder: 'e.g. {{ $json.token }}',
				description: 'The token that Request Approval returned',
			},
		],
		output: approvalOutput.schema,

		async execute({ client, read }) {
			const token = read(tokenField, parseToken);
			return approvalOutput.of(await send(client, routes.getApproval, { path: { token } }));
		},
	};
}
