import type { INodeProperties } from 'n8n-workflow';

import { findAgentKey } from '../../api/agents';
import type { Client } from '../../api/client';
import { CallError } from '../../api/errors';
import type { Read } from '../../descriptions/reader';
import type { Address } from '../../domain/address';
import { readChoice } from '../../domain/parameter';
import { rethrow } from '../../domain/rethrow';
import type { AgentKey } from '../../schemas/agentKey';

const choices = ['return', 'stop'] as const;

export const ifExistsField: INodeProperties = {
	displayName: 'If the Key Exists',
	name: 'ifKeyExists',
	type: 'options',
	options: [
		{
			name: 'Return Existing',
			value: 'return',
			description: "Return the agent's key, so that a workflow can run again",
		},
		{ name: 'Stop', value: 'stop', description: 'Stop with a message' },
	],
	default: 'stop',
	description: 'What to do if the agent has this key already',
};

export function readIfExists(read: Read): (typeof choices)[number] {
	return read(ifExistsField, (parameter, value) => readChoice(parameter, value, choices, 'stop'));
}

/**
 * The agent's key with this address, after the service has rejected it as an existing one.
 * @param rejection thrown again if it was rejected for another reason, or if the agent doesn't have
 * the key
 */
export async function findRejected(
	client: Client,
	address: Address,
	keyAddress: Address,
	rejection: unknown,
): Promise<AgentKey> {
	if (rejection instanceof CallError && rejection.status === 409) {
		const key = await findAgentKey(client, address, keyAddress);
		if (key) return key;
	}
	rethrow(rejection);
}
