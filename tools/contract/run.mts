import { randomBytes } from 'node:crypto';
import { version } from '../../package.json';
import type { AgentAccess } from './agent.mts';
import { CannotRun, readSettings, USAGE, type Environment, type Settings } from './args.mts';
import { basesOf, Check, userOf, type Caller } from './check.mts';
import { writeEndpoints } from './endpoints.mts';
import { nameOf } from './judge.mts';
import { readAsAgent, readAsUser, settleUnset } from './reads.mts';
import { asJson, asText, scrubbed } from './report.mts';
import { Requests } from './requests.mts';
import { exitCodeOf, exitCodes, type Report } from './results.mts';
import { logIn } from './session.mts';
import { uncheckedCalls } from './unchecked.mts';
import { writeAsAnyone, writeAsUser } from './writes.mts';

export interface Streams {
	out: (text: string) => void;
	/** Progress and messages. */
	err: (text: string) => void;
}

async function actAsAgent(
	check: Check,
	connection: AgentAccess,
	{ write }: Settings,
): Promise<Caller | undefined> {
	const agent = await logIn(check, connection);
	if (!agent) return undefined;
	await check.step(agent, 'getSelf', async () => await readAsAgent(check, agent));
	if (write) {
		const mark = randomBytes(3).toString('hex');
		const take = async () => await writeEndpoints(check, agent, mark);
		await check.step(agent, 'listHostedEndpoints', take);
	}
	return agent;
}

/** @returns whether the service takes the API key, if there is one */
async function actAsUser(
	check: Check,
	user: Caller | undefined,
	settings: Settings,
): Promise<boolean> {
	const { user: connection, agent, write } = settings;
	if (!user || !connection) return true;
	const read = async () => await readAsUser(check, user, agent?.agent);
	await check.step(user, 'listAgents', read);
	const listed = check.resultOf(user, 'listAgents')?.status;
	const isRejected = listed === 401 || listed === 0;
	if (write && !isRejected) {
		const created = await writeAsUser(check, user, connection);
		if (created && !agent) await actAsAgent(check, created, settings);
	}
	return !isRejected;
}

async function checkAll(check: Check, settings: Settings): Promise<void> {
	const { user: connection, agent, write } = settings;
	const user: Caller | undefined = connection && userOf(connection);
	const isTaken = await actAsUser(check, user, settings);
	const caller = agent && (await actAsAgent(check, agent, settings));
	if (user && caller) settleUnset(check, user, caller);
	const base = agent?.baseUrl ?? connection?.agentBaseUrl;
	if (write && base !== undefined && isTaken) await writeAsAnyone(check, basesOf(base));
}

function secretsOf({ user, agent }: Settings): string[] {
	const texts = [user, agent].flatMap((one) => (one ? one.secrets.map(({ text }) => text) : []));
	const hosts = [user, agent].flatMap((one) => (one ? [new URL(one.baseUrl).host] : []));
	return [...texts, ...hosts];
}

async function report(settings: Settings, check: Check, seconds: number): Promise<Report> {
	const { routes, ...rest } = check.report();
	const deployment = (settings.user ?? settings.agent)?.deployment.name ?? 'other';
	return {
		package: `n8n-nodes-ampersend ${version}`,
		deployment,
		routes,
		...rest,
		unchecked: uncheckedCalls(routes, settings),
		requests: check.requests.count,
		seconds,
	};
}

async function runWith(settings: Settings, { out, err }: Streams): Promise<number> {
	const began = performance.now();
	const say = (line: string): void => err(`${scrubbed(line, check.secrets)}\n`);
	const check: Check = new Check(new Requests(settings, say));
	for (const secret of secretsOf(settings)) check.secrets.add(secret);
	try {
		await checkAll(check, settings);
	} catch (error) {
		// The message of another error can have what came in it.
		const message =
			error instanceof CannotRun ? error.message : `Ended unexpectedly: ${nameOf(error)}`;
		check.stopped.push(message);
	}
	const seconds = Math.round((performance.now() - began) / 100) / 10;
	const made = await report(settings, check, seconds);
	out(scrubbed(settings.json ? asJson(made) : asText(made), check.secrets));
	for (const reason of made.stopped) say(reason);
	return exitCodeOf(made);
}

/**
 * `npm run contract`.
 * @returns the exit code
 */
export async function runContract(
	argv: string[],
	env: Environment,
	streams: Streams,
): Promise<number> {
	try {
		const settings = readSettings(argv, env);
		if (settings) return await runWith(settings, streams);
		streams.out(`${USAGE}\n`);
		return exitCodes.fits;
	} catch (error) {
		if (!(error instanceof CannotRun)) return await Promise.reject(error);
		streams.err(`${error.message}\n`);
		return exitCodes.couldNotRun;
	}
}
