import type { IDataObject } from 'n8n-workflow';

import type { Address } from '../domain/address';
import { rethrow } from '../domain/rethrow';
import type { SpendConfig } from '../schemas/spendConfig';
import type { KnownAgent } from './agents';
import { agentExists } from './agents';
import type { Client } from './client';
import { withoutFinding } from './client';
import { CallError, errorForNoRoutesOfAgent, errorForStatus } from './errors';
import { aFewAtOnce } from './lists/concurrency';
import { CONCURRENCY, startPace } from './lists/pace';
import { noteWrite, ownWrite } from './ownWrites';
import { readBack } from './readBack';
import { repeat } from './repeat';
import type { AnswerOf, Route } from './routes';
import { routes } from './routes';
import type { CallParameters } from './send';
import { callOf, send } from './send';

const is404 = (error: unknown) => error instanceof CallError && error.status === 404;

/** What a route answers, where there is something. */
type SettingsOf<R> = NonNullable<AnswerOf<R>>;

/** Whether the service offers routes below an agent: it has an allowlist, even if that is empty. */
async function hasRoutesOfAgent(client: Client, address: Address): Promise<boolean> {
	try {
		await send(client, routes.getAllowlist, { path: { address } });
		return true;
	} catch (error) {
		return is404(error) ? false : rethrow(error);
	}
}

/**
 * Reads settings that an agent may not have: the service then answers 404 (SDK), or perhaps with
 * nothing (HTTP 204, or null), which counts like 404. An unknown agent or a wrong path prefix also
 * answers 404. So the 404 counts as "not set" only if the documented
 * list has the agent, and another route below the same agent answers.
 * @returns the settings, or undefined if the agent has none
 */
export async function getSettings<Path extends string, R extends Route<Path>>(
	client: Client,
	route: R & { path: Path },
	address: Address,
	parameters: CallParameters<Path>,
): Promise<SettingsOf<R> | undefined> {
	const quiet = withoutFinding(client);
	let missing: unknown;
	try {
		const settings = await send<Path, R>(quiet, route, parameters);
		if (settings) return settings;
	} catch (error) {
		if (!is404(error)) rethrow(error);
		missing = error;
	}
	if (!(await agentExists(client, address))) {
		const call = callOf(client, route, parameters);
		throw missing ?? errorForStatus(call, 404, undefined);
	}
	if (await hasRoutesOfAgent(quiet, address)) return undefined;
	const bases = await client.findBases?.();
	throw errorForNoRoutesOfAgent({ ...callOf(client, route, parameters), bases });
}

/**
 * The limits of several agents that the documented list has, in the same order, a few requests at a
 * time. A 404 counts as "not set" if an agent has limits: then the service offers the route.
 * @returns undefined for an agent without limits
 */
export async function getSpendingLimits(
	client: Client,
	agents: KnownAgent[],
): Promise<Array<SpendConfig | undefined>> {
	const route = routes.getSpendingLimit;
	const quiet = withoutFinding(client);
	const pace = startPace(quiet);
	try {
		const all = await aFewAtOnce(agents, CONCURRENCY, async ({ address }) => {
			const read = async (paced: Client) => await send(paced, route, { path: { address } });
			const found = await pace.run(read).catch((e: unknown) => (is404(e) ? null : rethrow(e)));
			return found ?? undefined;
		});
		const [first] = agents;
		const isOffered = first === undefined || all.some((config) => config !== undefined);
		if (isOffered || (await hasRoutesOfAgent(quiet, first.address))) return all;
		const call = callOf(client, route, { path: { address: first.address } });
		throw errorForNoRoutesOfAgent({ ...call, bases: await client.findBases?.() });
	} finally {
		pace.stop();
	}
}

/**
 * Changes settings that the service takes only all at once: reads them, and sends back what
 * `change` makes of them. Where the answer doesn't show them, they are read once more.
 * @returns the settings then
 * @throws CallError
 */
export async function changeSettings<
	Path extends string,
	Read extends Route<Path>,
	Write extends Route<Path>,
>(
	client: Client,
	{ read, write }: { read: Read & { path: Path }; write: Write & { path: Path } },
	address: Address,
	path: CallParameters<Path>['path'],
	change: (current: SettingsOf<Read> | undefined) => IDataObject,
): Promise<SettingsOf<Read> | SettingsOf<Write>> {
	const call = callOf(client, read, { path });
	const { sent, answered } = await repeat(client, async (once) => {
		const shown = await getSettings<Path, Read>(once, read, address, { path });
		const own = ownWrite<SettingsOf<Read>>(client, call, shown ?? {});
		const body = change(own ?? shown);
		const answer = await send<Path, Write>(once, write, { path, body });
		noteWrite(client, call, own ?? shown ?? {}, body, { ...shown, ...body });
		return { sent: body, answered: answer };
	});
	const readAgain = async () => await getSettings<Path, Read>(client, read, address, { path });
	type Settings = SettingsOf<Read> | SettingsOf<Write>;
	return await readBack<Settings>(write, sent, answered ?? undefined, call, readAgain);
}

/**
 * A hint for settings that count as "not set".
 * @param what e.g. "spending limits"
 * @param whose an address, or words for several
 */
export function unsetHint(what: string, whose: string): string {
	return (
		`Ampersend has no ${what} for ${whose}, so this node shows them as not set. ` +
		"If the dashboard shows some, Ampersend doesn't offer this route, which this node assumes."
	);
}
