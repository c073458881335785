import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { resolveAgentConnection } from '../api/agentConnection';
import { logIn } from '../api/agentSession';
import { CredentialError, resolveConnection } from '../api/deployments';
import { CallError, oneLine } from '../api/errors';
import { routes } from '../api/routes';
import { openTestClient, send } from '../api/send';
import { ParameterError } from '../domain/parameter';

/** @param test returns what to say if the credential works */
async function resultOf(test: () => Promise<string>): Promise<INodeCredentialTestResult> {
	try {
		return { status: 'OK', message: await test() };
	} catch (error) {
		if (
			error instanceof CallError ||
			error instanceof CredentialError ||
			error instanceof ParameterError
		) {
			const sentence = error.message.endsWith('.') ? error.message : `${error.message}.`;
			return { status: 'Error', message: `${sentence} ${error.description}`.trim() };
		}
		return {
			status: 'Error',
			message: "The test couldn't be completed. Try again. If it happens again, check n8n's logs.",
		};
	}
}

/** Reads one agent with the only documented read, and reports why if that doesn't work. */
async function ampersendApiTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	return await resultOf(async () => {
		const client = openTestClient(this.helpers, resolveConnection(data));
		await send(client, routes.listAgents, { path: {}, query: { limit: 1, offset: 0 } });
		const { deployment, baseUrl } = client.connection;
		return `Ampersend accepts the key (${deployment.name}, ${baseUrl})`;
	});
}

/** Logs in and reads the agent. */
async function ampersendAgentApiTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	return await resultOf(async () => {
		const fields = { ...data, sessionToken: '' };
		const connection = await resolveAgentConnection(fields);
		const client = openTestClient(this.helpers, connection);
		fields.sessionToken = await logIn(connection, client.transmit);
		const { name } = await send(client, routes.getSelf, { path: {} });
		const { deployment, baseUrl } = connection;
		const shown = oneLine(name, connection);
		return `Ampersend accepts the agent key of ${shown} (${deployment.name}, ${baseUrl})`;
	});
}

export const credentialTest = { ampersendApiTest, ampersendAgentApiTest };
