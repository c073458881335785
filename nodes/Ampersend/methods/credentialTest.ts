import type {
	ICredentialDataDecryptedObject,
	ICredentialTestFunction,
	ICredentialTestFunctions,
	ICredentialsDecrypted,
	IDataObject,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import type { Client } from '../api/client';
import { openTestClient } from '../api/client';
import { resolveAgentConnection } from '../api/connection/agentConnection';
import { logIn } from '../api/connection/agentSession';
import type { Bases } from '../api/connection/bases';
import { ASKED_AGENTS, findBases, othersText, NOT_TAKEN, SEARCH_MS } from '../api/connection/bases';
import { connectWith } from '../api/connection/connections';
import type { Connection } from '../api/connection/deployments';
import { CredentialError } from '../api/connection/deployments';
import { CallError, oneLine } from '../api/errors';
import { routes } from '../api/routes';
import { send } from '../api/send';
import type { Address } from '../domain/address';
import type { Authentication, CredentialName } from '../domain/authentication';
import { authenticationNames, authentications } from '../domain/authentication';
import { ParameterError } from '../domain/parameter';
import { rethrow } from '../domain/rethrow';

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

/** @throws TestFailure if another base URL serves more */
function rejectOtherBase({ own, better }: Bases): void {
	if (!better) return;
	const { baseUrl, listsAgents } = better;
	const isEmptyHere = own.listsAgents && own.agents.length === 0;
	throw new TestFailure(
		(isEmptyHere
			? `Ampersend lists no agent at ${own.baseUrl}, and some at another Base URL. `
			: 'Ampersend answers at another Base URL. ') +
			`Set it to ${baseUrl}` +
			(listsAgents === false
				? ": the list of agents isn't there, so enter agents By Address."
				: '.'),
	);
}

/**
 * What was tested, for a credential that lists agents.
 * @throws TestFailure if no route of an agent answers, or that could not be tested
 */
function testedText(bases: Bases, { deployment, baseUrl }: Connection): string {
	const { hasRoutesOfAgent, reads, doubt } = bases.own;
	const accepted = `Ampersend accepts the key (${deployment.name}, ${baseUrl}), lists the agents`;
	if (hasRoutesOfAgent) return `${accepted} and reads an agent's ${reads}`;
	if (doubt !== undefined) {
		throw new TestFailure(
			`The key can list agents at ${baseUrl}. Whether the rest works there could not be tested ` +
				`(${doubt}). Test it again later. If that doesn't help, contact Ampersend support.`,
		);
	}
	if (hasRoutesOfAgent === undefined) {
		return `${accepted}. The account has no agent yet, so nothing else was tested.`;
	}
	throw new TestFailure(
		`The key can list agents at ${baseUrl}, and neither the allowlist nor the transactions ` +
			`of an agent are there. ${othersText(bases)} ` +
			'Creating and listing agents works; for the rest, ask Ampersend for the Base URL, ' +
			'or use an Ampersend Agent API credential.',
	);
}

/** Whether another base URL may answer better: not if there was no answer, or too many calls. */
function mayBeElsewhere({ status = 0 }: CallError): boolean {
	return (status >= 200 && status < 500 && status !== 407 && status !== 429) || status === 501;
}

type Listed = { agents: Address[]; error?: undefined } | { agents?: undefined; error: unknown };

/** Lists agents: a few, or as many as the service wants to send if it rejects that. */
async function listSome(client: Client, query: IDataObject): Promise<Listed> {
	try {
		const { items } = await send(client, routes.listAgents, { path: {}, query });
		return { agents: items.map(({ address }) => address) };
	} catch (error) {
		const isNotTaken = error instanceof CallError && NOT_TAKEN.includes(error.status ?? 0);
		return isNotTaken && 'limit' in query ? await listSome(client, {}) : { error };
	}
}

/** @returns what to say if the credential works */
type Test = (
	authentication: Authentication,
	helpers: ICredentialTestFunctions['helpers'],
	data: ICredentialDataDecryptedObject,
) => Promise<string>;

/** Lists agents and reads the allowlist of one, and reports why if that doesn't work. */
const testOwner: Test = async (authentication, helpers, data) => {
	const deadline = Date.now() + SEARCH_MS;
	const { connection } = await connectWith[authentication](data, async () => data);
	const client = openTestClient(helpers, connection);
	let found: Promise<Bases> | undefined;
	const find = async (agents?: Address[]) =>
		await (found ??= findBases(connection, client.transmit, { agents, until: deadline }));
	const { agents, error } = await listSome(
		{ ...client, deadline, findBases: find },
		{ limit: ASKED_AGENTS, offset: 0 },
	);
	if (error !== undefined) {
		// Where nothing answers, there is nothing to look for.
		const isAnswered = error instanceof CallError && mayBeElsewhere(error);
		if (isAnswered) rejectOtherBase(await find());
		rethrow(error);
	}
	const bases = await find(agents);
	rejectOtherBase(bases);
	return testedText(bases, connection);
};

/** Logs in and reads the agent. */
const testOneAgent: Test = async (_, helpers, data) => {
	const fields = { ...data, sessionToken: '' };
	const connection = await resolveAgentConnection(fields);
	const client = openTestClient(helpers, connection);
	fields.sessionToken = await logIn(connection, client.transmit);
	const { name } = await send(client, routes.getSelf, { path: {} });
	const { deployment, baseUrl } = connection;
	const shown = oneLine(name, connection);
	return `Ampersend accepts the agent key of ${shown} (${deployment.name}, ${baseUrl})`;
};

function testOf(name: Authentication): ICredentialTestFunction {
	const test = authentications[name].isOneAgent ? testOneAgent : testOwner;
	return async function (this: ICredentialTestFunctions, { data = {} }: ICredentialsDecrypted) {
		return await resultOf(async () => await test(name, this.helpers, data));
	};
}

/** By the name that `nodeCredentials` gives the test of each credential. */
export const credentialTest = Object.fromEntries(
	authenticationNames.map((name) => [`${authentications[name].credential}Test`, testOf(name)]),
) as Record<`${CredentialName}Test`, ICredentialTestFunction>;
