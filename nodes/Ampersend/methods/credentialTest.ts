import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { CallError } from '../api/errors';
import { CredentialError } from '../api/deployments';
import { routes } from '../api/routes';
import { openTestClient, send } from '../api/send';

/**
 * Asks for one agent, by the only documented read, and says what stands in the way if it does not
 * come.
 */
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
			message:
				'The test did not come to an end. Try again; if it stays so, look into the log of n8n.',
		};
	}
}

export const credentialTest = { ampersendApiTest };
