import { isAddress } from '../../domain/address';
import type { Connection } from './deployments';
import { PREFIXES, rootOf } from './deployments';
import type { Transmit } from '../request';
import { requestFor } from '../request';
import type { Route } from '../routes';
import { routes } from '../routes';
import { within } from '../timeLimit';

/*
 * Nothing public says at which path an API key reaches the routes below an agent. So the service is
 * asked: at each known prefix of the same host, for the list of agents and for the allowlist of
 * one, which every agent has, or else its transactions. All of that only reads.
 */

/** What answers at a base URL. */
export interface Base {
	baseUrl: string;
	listsAgents: boolean;
	/** Whether the routes below an agent answer; undefined if there is no agent to ask for. */
	hasRoutesOfAgent: boolean | undefined;
}

export interface Bases {
	/** The one in the credential. */
	own: Base;
	/** Another one of the same host where more answers. */
	better?: Base;
	/** All that were asked. */
	tried: string[];
}

/** Longest wait for one answer, in ms. */
const PATIENCE_MS = 5_000;

/** The JSON of a good answer; undefined for any other. */
async function read(transmit: Transmit, url: string): Promise<unknown> {
	try {
		const request = requestFor('GET', url, PATIENCE_MS);
		const { statusCode, body } = await within(PATIENCE_MS, transmit(request, true), () =>
			Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }),
		);
		return statusCode === 200 && typeof body === 'object' && body !== null ? body : undefined;
	} catch {
		return undefined;
	}
}

/** Where a route is at a base URL, unless it has a prefix of its own. */
function urlOf({ path, prefix }: Route, baseUrl: string): string {
	return (prefix ? rootOf(baseUrl) + prefix : baseUrl) + path;
}

/** The address of the first agent in a list, in any form; undefined if it has none. */
function firstAgent(list: unknown): string | undefined {
	const rows: unknown = Array.isArray(list) ? list : Object.values(list ?? {}).find(Array.isArray);
	const [first] = Array.isArray(rows) ? (rows as unknown[]) : [];
	const address: unknown = typeof first === 'object' && first ? Reflect.get(first, 'address') : '';
	return typeof address === 'string' && isAddress(address) ? address : undefined;
}

/** More if it can do more: most operations are about one agent. */
function scoreOf({ listsAgents, hasRoutesOfAgent }: Base): number {
	return (hasRoutesOfAgent ? 2 : 0) + (listsAgents ? 1 : 0);
}

/** Asks what answers where. Never rejects: what doesn't answer isn't there. */
export async function findBases(
	{ baseUrl: own }: Pick<Connection, 'baseUrl'>,
	transmit: Transmit,
): Promise<Bases> {
	const roots = [rootOf(own), new URL(own).origin];
	const known = roots.flatMap((root) => PREFIXES.map((prefix) => root + prefix));
	const tried = [...new Set([own, ...known])];
	const listAt = async (baseUrl: string) =>
		await read(transmit, `${urlOf(routes.listAgents, baseUrl)}?limit=1&offset=0`);
	const baseAt = async (baseUrl: string, list: unknown, agent?: string): Promise<Base> => {
		const listsAgents = list !== undefined;
		if (agent === undefined) return { baseUrl, listsAgents, hasRoutesOfAgent: undefined };
		const urlAt = (route: Route) => urlOf(route, baseUrl).replace('{address}', agent);
		const answer =
			(await read(transmit, urlAt(routes.getAllowlist))) ??
			(await read(transmit, `${urlAt(routes.listActivity)}?limit=1&page=1`));
		return { baseUrl, listsAgents, hasRoutesOfAgent: answer !== undefined };
	};
	const lists = [await listAt(own)];
	const ownAgent = firstAgent(lists[0]);
	const first = await baseAt(own, lists[0], ownAgent);
	if (first.listsAgents && first.hasRoutesOfAgent !== false) return { own: first, tried: [own] };
	for (const baseUrl of tried.slice(1)) lists.push(await listAt(baseUrl));
	const agent = lists.map(firstAgent).find((address) => address !== undefined);
	const base = ownAgent === agent ? first : await baseAt(own, lists[0], agent);
	let best = base;
	for (const [i, baseUrl] of tried.entries()) {
		if (baseUrl === own) continue;
		const other = await baseAt(baseUrl, lists[i], agent);
		if (scoreOf(other) > scoreOf(best)) best = other;
	}
	return { own: base, ...(best !== base && { better: best }), tried };
}
