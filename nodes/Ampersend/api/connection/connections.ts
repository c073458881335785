import type { ICredentialDataDecryptedObject } from 'n8n-workflow';

import type { Authentication } from '../../domain/authentication';
import type { HttpAnswer } from '../request';
import { resolveAgentConnection, SessionCalls } from './agentConnection';
import type { Connection } from './deployments';
import { resolveConnection } from './deployments';

type Send = () => Promise<HttpAnswer>;

interface Connected {
	connection: Connection;
	/**
	 * Makes a call, and what has to come before and after it.
	 * @param send asks n8n to send it
	 * @param read asks n8n for something that only reads, if the call may change something
	 */
	call: (send: Send, read?: Send) => Promise<HttpAnswer>;
}

/**
 * By the fields of a credential.
 * @param reread reads them as they are stored now
 * @throws CredentialError if they must not be used
 */
type Connect = (
	fields: ICredentialDataDecryptedObject,
	reread: () => Promise<ICredentialDataDecryptedObject>,
) => Promise<Connected>;

export const connectWith: Readonly<Record<Authentication, Connect>> = {
	apiKey: async (fields) => ({
		connection: resolveConnection(fields),
		call: async (send) => await send(),
	}),
	agentSession: async (fields, reread) => {
		const connection = await resolveAgentConnection(fields);
		const calls = new SessionCalls({ fields, reread }, connection);
		return {
			connection,
			call: async (send, read) => await calls.make({ send, read }),
		};
	},
};
