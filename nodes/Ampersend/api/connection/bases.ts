import type { IDataObject } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import type { Address } from '../../domain/address';
import { reportsError } from '../../domain/json';
import { inKnownForm } from '../../schemas/forms';
import { textsIn, wordsOf } from '../errors/serviceText';
import type { HttpAnswer, Transmit } from '../request';
import { requestFor } from '../request';
import type { Route } from '../routes';
import { routes } from '../routes';
import { withTimeout } from '../timeLimit';
import type { Connection } from './deployments';
import { baseOf, PREFIXES, rootOf } from './deployments';

/*
 * Nothing public says at which path an API key reaches the routes below an agent. So the service is
 * asked: at each known prefix of the same host, for the list of agents and for the allowlist of
 * one, which every agent has, or else its transactions. All of that only reads.
 */

/** What answers at a base URL. */
export interface Base {
	baseUrl: string;
	/** Undefined if that could not be found out. */
	listsAgents?: boolean;
	/** The first agents in its list. */
	agents: Address[];
	/** Undefined if that could not be found out, or there is no agent to ask for. */
	hasRoutesOfAgent?: boolean;
	/** What was read of an agent. */
	reads?: string;
	/** What happened, if something could not be found out. */
	doubt?: string;
	/** Whether all of that was rejected, as some gateways do for a path that isn't there. */
	isRejected?: boolean;
}

export interface Bases {
	/** The one in the credential. */
	own: Base;
	/** Another one of the same host where more answers. */
	better?: Base;
	/** All that were asked besides the own one. */
	others: Base[];
}

/** Longest wait for one answer, and for all of them, in ms. */
const PATIENCE_MS = 5_000;
export const SEARCH_MS = 15_000;

/** An agent that is being deleted has no routes, so one alone proves nothing. */
export const ASKED_AGENTS = 3;

/** Longer text isn't searched any further. */
const READ_CHARACTERS = 500;

/** Statuses that say nothing of whether the route is there, besides those from 500. */
const UNCLEAR = [407, 408, 429];

/** The same, where a gateway answers with them for a path that isn't there. */
const REJECTED = [401, 403];

/** Statuses of a request that the route doesn't take, such as one for too few rows. */
export const NOT_TAKEN = [400, 422];

const NO_PATH = /not.?found|\b(?:path|route|endpoint|url)\b|cannot (?:get|post)\b/i;

/** Whether an answer's words are those of a path that isn't there. */
export function saysNoPath(body: unknown): boolean {
	return textsIn(body).some((text) => NO_PATH.test(text.slice(0, READ_CHARACTERS)));
}

/** What a route says when it's asked for. */
interface Finding<Answer> {
	/** Undefined if it could not be found out. */
	isThere?: boolean;
	answer?: Answer;
	doubt?: string;
	isRejected?: boolean;
}

type Read<Answer> = Route & { answer: z.ZodMiniType<Answer> };

/** What is asked for below an agent, until something is there. */
const OF_AGENT: ReadonlyArray<{ reads: string; route: Read<unknown>; query: string }> = [
	{ reads: 'allowlist', route: routes.getAllowlist, query: '' },
	{ reads: 'transactions', route: routes.listActivity, query: '?limit=1&page=1' },
];

interface Search {
	connection: Connection;
	transmit: Transmit;
	/** Epoch ms after which nothing more is asked. */
	until: number;
}

/** An answer counts only if it's what the node could use. */
function findingOf<Answer>(
	{ answer: shape }: Read<Answer>,
	{ statusCode, body }: HttpAnswer,
	connection: Connection,
): Finding<Answer> {
	const isDown = statusCode >= 500 && statusCode !== 501;
	const isRejected = REJECTED.includes(statusCode);
	if (isDown || isRejected || UNCLEAR.includes(statusCode)) {
		return { doubt: `HTTP ${statusCode}`, isRejected };
	}
	if (statusCode !== 200 || typeof body !== 'object') return { isThere: false };
	if (reportsError(body)) {
		const { words = 'no reason is given' } = wordsOf(body, connection);
		return { doubt: `HTTP 200 with an error inside: ${words}`, isRejected: saysNoPath(body) };
	}
	const { success, data } = z.safeParse(shape, inKnownForm(shape, body));
	return success ? { isThere: true, answer: data } : { isThere: false };
}

/** Asks for a route with a query, or without one if it rejects that. Never rejects. */
async function ask<Answer>(
	search: Search,
	route: Read<Answer>,
	url: string,
	query: string,
): Promise<Finding<Answer>> {
	const { connection, transmit, until } = search;
	const patience = Math.min(PATIENCE_MS, until - Date.now());
	if (patience <= 0) return { doubt: 'no time was left' };
	try {
		const sent = transmit(requestFor('GET', url + query, patience), true);
		const answer = await withTimeout(patience, sent, () => new Error('no answer'));
		const isNotTaken = query !== '' && NOT_TAKEN.includes(answer.statusCode);
		return isNotTaken ? await ask(search, route, url, '') : findingOf(route, answer, connection);
	} catch {
		return { doubt: 'no answer' };
	}
}

function urlOf(route: Route, baseUrl: string): string {
	return baseOf(route, baseUrl) + route.path;
}

/** Asks a base URL for its list of agents. */
async function listAt(search: Search, baseUrl: string): Promise<Base> {
	const { listAgents } = routes;
	const url = urlOf(listAgents, baseUrl);
	const found = await ask(search, listAgents, url, `?limit=${ASKED_AGENTS}&offset=0`);
	const { isThere, answer, doubt } = found;
	const isRejected = doubt === undefined || found.isRejected === true;
	const agents = answer?.items.map(({ address }) => address) ?? [];
	return { baseUrl, listsAgents: isThere, agents, doubt, isRejected };
}

/** Asks a base URL for routes below agents, until one is there. */
async function withRoutesOf(search: Search, base: Base, agents: Address[]): Promise<Base> {
	let { doubt, isRejected = true } = base;
	let isUnclear = agents.length === 0;
	for (const agent of agents.slice(0, ASKED_AGENTS)) {
		for (const { reads, route, query } of OF_AGENT) {
			const url = urlOf(route, base.baseUrl).replace('{address}', agent);
			const found = await ask(search, route, url, query);
			if (found.isThere) return { ...base, hasRoutesOfAgent: true, reads };
			isUnclear ||= found.isThere === undefined;
			doubt ??= found.doubt;
			isRejected &&= found.doubt === undefined || found.isRejected === true;
		}
	}
	return { ...base, doubt, isRejected, hasRoutesOfAgent: isUnclear ? undefined : false };
}

/** Whether one certainly lists agents that the own one certainly doesn't. */
function listsMore(other: Base, own: Base): boolean {
	if (!other.listsAgents || own.listsAgents === undefined) return false;
	return !own.listsAgents || (own.agents.length === 0 && other.agents.length > 0);
}

/** What counts as not there, if another one shows that the key is good. */
function withoutRejected(own: Base, other: Base): Base {
	if (own.doubt === undefined || !own.isRejected) return own;
	const orFalse = (isThere?: boolean, isFound = false) => isThere ?? (isFound ? false : undefined);
	return {
		...own,
		listsAgents: orFalse(own.listsAgents, other.listsAgents),
		hasRoutesOfAgent: orFalse(own.hasRoutesOfAgent, other.hasRoutesOfAgent !== undefined),
	};
}

/** Whether one certainly answers where the own one certainly doesn't. */
function isBetter(other: Base, certain: Base): boolean {
	const own = withoutRejected(certain, other);
	if (other.hasRoutesOfAgent && own.hasRoutesOfAgent === false) return true;
	const hasAsMuch = other.hasRoutesOfAgent || other.hasRoutesOfAgent === own.hasRoutesOfAgent;
	return hasAsMuch && listsMore(other, own);
}

/** More if it can do more: most operations are about one agent. */
function scoreOf({ listsAgents, hasRoutesOfAgent }: Base): number {
	return (hasRoutesOfAgent ? 2 : 0) + (listsAgents ? 1 : 0);
}

/**
 * The known base URLs of the same service, besides the own one. Only Ampersend's own host has no
 * neighbors: on another one, the key stays below the path in front of the prefix.
 */
function otherUrls({ baseUrl, deployment }: Connection): string[] {
	const { origin } = new URL(baseUrl);
	const roots = [rootOf(baseUrl), ...(origin === deployment.origin ? [origin] : [])];
	const known = roots.flatMap((root) => PREFIXES.map((prefix) => root + prefix));
	return [...new Set(known)].filter((url) => url !== baseUrl);
}

/** Where nothing more needs to be asked: all is there, or what is missing may be there. */
function isSettled({ listsAgents, hasRoutesOfAgent, doubt, isRejected }: Base): boolean {
	if (doubt !== undefined) return !isRejected;
	return listsAgents === true && hasRoutesOfAgent === true;
}

/**
 * Asks what answers where. Never rejects.
 * @param agents what the list at the own base URL has, if that is known
 */
export async function findBases(
	connection: Connection,
	transmit: Transmit,
	{ agents, until = Date.now() + SEARCH_MS }: { agents?: Address[]; until?: number } = {},
): Promise<Bases> {
	const { baseUrl } = connection;
	const search = { connection, transmit, until };
	const list = agents ? { baseUrl, listsAgents: true, agents } : await listAt(search, baseUrl);
	const first = await withRoutesOf(search, list, list.agents);
	if (isSettled(first)) return { own: first, others: [] };
	const lists: Base[] = [];
	for (const url of otherUrls(connection)) lists.push(await listAt(search, url));
	const known = [first, ...lists].find((base) => base.agents.length > 0)?.agents ?? [];
	const own = list.agents.length > 0 ? first : await withRoutesOf(search, first, known);
	const others: Base[] = [];
	for (const base of lists) others.push(await withRoutesOf(search, base, known));
	const [better] = others
		.filter((base) => isBetter(base, own))
		.sort((a, b) => scoreOf(b) - scoreOf(a));
	return { own, ...(better && { better }), others };
}

/** A read that isn't at the own base URL. */
export interface MissingRead {
	route: Route;
	/** The route's path with its parameters filled in. */
	path: string;
	query?: IDataObject;
}

/**
 * Looks for the base URL that answers a read which is missing at the own one. Never rejects.
 * @returns undefined if none does
 */
export async function findRead(
	connection: Connection,
	transmit: Transmit,
	{ route, path, query = {} }: MissingRead,
): Promise<string | undefined> {
	const { answer } = route;
	if (!answer) return undefined;
	const search = { connection, transmit, until: Date.now() + SEARCH_MS };
	const parameters = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
	const text = parameters.size > 0 ? `?${parameters}` : '';
	const own = connection.baseUrl;
	// The own one first: what was missing a moment ago can be there now.
	for (const baseUrl of [own, ...otherUrls(connection)]) {
		const { isThere } = await ask(search, { ...route, answer }, baseUrl + path, text);
		if (isThere) return baseUrl === own ? undefined : baseUrl;
	}
	return undefined;
}

/** What the others have, where none is better; empty if none was asked. */
export function othersText({ others }: Bases): string {
	const without = others.filter(({ doubt }) => doubt === undefined);
	const unclear = others.find(({ doubt }) => doubt !== undefined);
	return [
		...(without.length > 0
			? [`There is no more at ${without.map(({ baseUrl }) => baseUrl).join(', ')}.`]
			: []),
		...(unclear ? [`At ${unclear.baseUrl}, this could not be tested (${unclear.doubt}).`] : []),
	].join(' ');
}
