import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { CredentialError } from '../api/deployments';
import { CallError } from '../api/errors';
import { routes } from '../api/routes';
import { openTestClient, send } from '../api/send';

/** Reads one agent with the only documented read, and reports why if that doesn't work. */
async function ampersendApiTest(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const client = openTestClient(this.helpers, credential.data ?? {});
		await send(client, routes.listAgents, { path: {}, query: { limit: 1, offset: 0 } });
		const { deployment, baseUrl } = client.connection;
		return {
			status: 'OK',
			message: `Ampersend accepts the key (${deployment.name}, ${baseUrl})`,
		};
	} catch (error) {
		if (error instanceof CallError || error instanceof CredentialError) {
			const sentence = error.message.endsWith('.') ? error.message : `${error.message}.`;
			return { status: 'Error', message: `${sentence} ${error.description}`.trim() };
		}
		return {
			status: 'Error',
			message: "The test couldn't be completed. Try again. If it happens again, check n8n's logs.",
		};
	}
}

export const credentialTest = { ampersendApiTest };
