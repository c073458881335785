import type { IDataObject } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { routes } from '../api/routes';
import type { Client } from '../api/client';
import { send } from '../api/send';
import type { Address } from '../domain/address';
import { verificationCodeOf } from '../domain/address';
import { parseToken } from '../domain/identifier';
import { withRest } from '../domain/json';
import type { RowOperation } from './operation';

const text = z.string();
const optional = z.nullable(text);

export const approvalRequestOutput = z.object({
	/** For Get Approval. */
	token: text,
	/** Where the owner approves, in a browser. */
	approveUrl: text,
	/** Null if it isn't a link. */
	statusUrl: optional,
	/** Six digits that the dashboard shows, too: the owner compares them. */
	verificationCode: text,
	agentKeyAddress: text,
});

/**
 * Asks the owner for a new agent or agent key.
 * @param body in the service's terms (SDK, types.ts: AgentApprovalRequest)
 */
export async function requestApproval(
	client: Client,
	agentKeyAddress: Address,
	body: IDataObject,
): Promise<z.infer<typeof approvalRequestOutput>> {
	const request = await send(client, routes.requestApproval, {
		path: {},
		// The SDK's name for it is agent_key_address, the service's is this (approval.ts).
		body: { session_key_address: agentKeyAddress, ...body },
	});
	const { token, user_approve_url, status_url, ...further } = request;
	return withRest(
		{
			token,
			approveUrl: user_approve_url,
			statusUrl: status_url,
			verificationCode: verificationCodeOf(agentKeyAddress),
			agentKeyAddress,
		},
		further,
	);
}

const tokenField = { displayName: 'Token', name: 'token' } as const;

const approvalOutput = z.object({
	/** `pending`, `resolved`, `rejected`, `blocked`, or one that is new. */
	status: text,
	/** Of the agent that is new or has the new key; null unless resolved. */
	agentAddress: optional,
	agentKeyAddress: optional,
	/** ISO 8601; null while it is pending. */
	resolvedAt: optional,
});

/** @param what the owner approves: "agent" or "agent key" */
export function getApprovalOperation(what: string): RowOperation<typeof approvalOutput> {
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
		output: approvalOutput,

		async execute({ client, read }) {
			const token = read(tokenField, parseToken);
			const answer = await send(client, routes.getApproval, { path: { token } });
			const { status, agent, resolved_at, ...further } = answer;
			return withRest(
				{
					status,
					agentAddress: agent?.address ?? null,
					agentKeyAddress: agent?.agent_key_address ?? null,
					resolvedAt: resolved_at ?? null,
				},
				further,
			);
		},
	};
}
