import type {
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import { resolveAgentConnection } from '../api/connection/agentConnection';
import { logIn } from '../api/connection/agentSession';
import type { Bases } from '../api/connection/bases';
import { findBases } from '../api/connection/bases';
import { CredentialError, resolveConnection } from '../api/connection/deployments';
import { CallError, oneLine } from '../api/errors';
import { routes } from '../api/routes';
import { openTestClient } from '../api/client';
import { send } from '../api/send';
import { ParameterError } from '../domain/parameter';

/** Thrown where the key works, and the credential still doesn't. */
class TestFailure extends Error {
	override readonly name = 'TestFailure';
}

/** @param test returns what to say if the credential works */
async function resultOf(test: () => Promise<string>): Promise<INodeCredentialTestResult> {
	try {
		return { status: 'OK', message: await test() };
	} catch (error) {
		if (error instanceof TestFailure) return { status: 'Error', message: error.message };
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

/** @throws TestFailure if another base URL serves more, or none serves the routes of an agent */
function requireOwn({ own, better, tried }: Bases): void {
	if (better) {
		const { baseUrl, listsAgents } = better;
		throw new TestFailure(
			`Ampersend answers at another Base URL. Set it to ${baseUrl}` +
				(listsAgents ? '.' : ": the list of agents isn't there, so enter agents By Address."),
		);
	}
	if (!own.listsAgents || own.hasRoutesOfAgent !== false) return;
	throw new TestFailure(
		`The key can list agents at ${own.baseUrl}, and nothing answers for one of them there` +
			`${tried.length > 1 ? ` or at ${tried.slice(1).join(', ')}` : ''}. ` +
			'Creating and listing agents works; for the rest, ask Ampersend for the Base URL, ' +
			'or use an Ampersend Agent API credential.',
	);
}

/** Whether another base URL may answer better: not if there was no answer, or too many calls. */
function mayBeElsewhere({ status = 0 }: CallError): boolean {
	return (status >= 200 && status < 500 && status !== 407 && status !== 429) || status === 501;
}

/** Lists an agent and reads its allowlist, and reports why if that doesn't work. */
async function ampersendApiTest(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	return await resultOf(async () => {
		const client = openTestClient(this.helpers, resolveConnection(data));
		const { connection, transmit } = client;
		const list = send(client, routes.listAgents, { path: {}, query: { limit: 1, offset: 0 } });
		const error: unknown = await list.then(
			() => undefined,
			(reason: unknown) => reason,
		);
		// Where nothing answers, there is nothing to look for.
		const isAnswered = !error || (error instanceof CallError && mayBeElsewhere(error));
		const bases = isAnswered ? await findBases(connection, transmit) : undefined;
		if (bases) requireOwn(bases);
		if (error) return await Promise.reject(error);
		const { deployment, baseUrl } = connection;
		const isUnsure = bases?.own.hasRoutesOfAgent === undefined;
		return (
			`Ampersend accepts the key (${deployment.name}, ${baseUrl})` +
			(isUnsure ? '. The account has no agent yet, so routes of agents were not tested.' : '')
		);
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
