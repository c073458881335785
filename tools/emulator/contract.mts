import {
	contained,
	listIn,
	onlySent,
	renamed,
	toCamel,
	toSnake,
	withIntegers,
	withTimes,
	withUsdc,
	withValues,
	type Container,
	type TimeFormat,
} from './answers.mts';
import { decodeQuery } from './decode.mts';
import { notDecodable, NotSet, Problem, type Issue } from './problems.mts';
import {
	activityPaging,
	listPaging,
	routeName,
	routes,
	type Answer,
	type Exchange,
	type Route,
} from './routes.mts';
import type { FaultAction } from './script.mts';

type Method = Route['method'];
type Instead = Extract<FaultAction, { status: number }>;

/** By names of routes, as in `handledRoutes`. */
type ByRoute<T> = Readonly<Record<string, T>>;

/**
 * How a service differs from what is documented or assumed. The parts are independent, and what is
 * absent doesn't differ.
 */
export interface Contract {
	/** Where users call: `agents` for `/agents` itself, `below` for all paths below it. */
	readonly prefix?: { agents: string; below: string };
	/** Where single routes are served, whatever the others have. */
	readonly prefixes?: ByRoute<string>;
	/** Methods of writes. Another method on the same path is a 405. */
	readonly verbs?: ByRoute<Method>;
	readonly containers?: ByRoute<Container>;
	/** Routes whose total counts only the rows of the page. */
	readonly totalOfPage?: readonly string[];
	/** Number of the first page of activity, 1 as documented. */
	readonly firstPage?: number;
	/** Lists in the opposite order. */
	readonly reversed?: readonly string[];
	/** What a list that has pages gives if more rows are asked for: that many, or a 400. */
	readonly largestPage?: { rows: number; beyond: 'cut' | 'reject' };
	/** Query parameters without an effect. */
	readonly ignoredQuery?: readonly string[];
	/** Names that fields of a body must have, by the documented ones. */
	readonly requestNames?: ByRoute<Readonly<Record<string, string>>>;
	/** Names that fields of an answer have, by the documented ones. */
	readonly answerNames?: ByRoute<Readonly<Record<string, string>>>;
	/** Of all fields that users send and get. */
	readonly requestCase?: 'camel';
	readonly answerCase?: 'camel' | 'snake';
	/** Status of what an ended session gets. */
	readonly endedSession?: number;
	/** Reads whose answer is `null` where nothing is set, and not a 404. */
	readonly nullIfUnset?: readonly string[];
	/** Values that fields of answers have, whatever is stored. */
	readonly values?: ByRoute<Readonly<Record<string, unknown>>>;
	/** Of every time in an answer. */
	readonly times?: TimeFormat;
	/** What an integer in an answer is, where it's documented as the other. */
	readonly integers?: 'text' | 'number';
	/** Amounts in answers are decimal USDC. */
	readonly amounts?: 'usdc';
	/** What a write answers: only what is new by it, nothing (204), or `{ok: true}`. */
	readonly writeAnswers?: ByRoute<'added' | 'nothing' | 'ok'>;
	/** What a route answers, before it does its work or after it (`when`). */
	readonly instead?: ByRoute<Instead>;
}

/** A request to a service whose paths or methods aren't the documented ones. */
export interface Admission {
	/** As sent. */
	readonly method: string;
	readonly url: string;
	/** As documented; absent if the contract doesn't serve it. */
	readonly served?: { method: Method; url: string };
	/** The methods of a path that has others. */
	readonly allow: readonly string[];
}

interface Place {
	route: Route;
	method: Method;
	prefix: string;
	/** Of a whole path. */
	pattern: RegExp;
}

/** Where the routes of users are served, and where the others are. */
export const mounts = { user: ['/v1', '/api/v1', '/api/v1/sdk'], others: ['/api/v1'] } as const;

const isOfUser = ({ access = 'user' }: Pick<Route, 'access'>): boolean => access === 'user';

export const mountsOf = (route: Pick<Route, 'access'>): readonly string[] =>
	isOfUser(route) ? mounts.user : mounts.others;

function placesIn({ prefix, prefixes = {}, verbs = {} }: Contract): Place[] {
	const places = routes.flatMap((route): Place[] => {
		const ofUsers = route.path === '/agents' ? prefix?.agents : prefix?.below;
		const own = prefixes[routeName(route)] ?? (isOfUser(route) ? ofUsers : undefined);
		const method = verbs[routeName(route)] ?? route.method;
		const path = route.path.replace(/\{\w+\}/g, '[^/]+');
		return (own === undefined ? mountsOf(route) : [own]).map((at) => ({
			route,
			method,
			prefix: at,
			pattern: new RegExp(`^${at}${path}$`),
		}));
	});
	// A brace comes after every letter, so a path without a parameter comes first.
	return places.sort((one, other) => (one.route.path < other.route.path ? -1 : 1));
}

const documentedPlaces = placesIn({});

type Paging = 'offset' | 'page';

/** How a list is divided; undefined if it isn't, or the route is no list. */
function pagingOf({ method, path }: Route): Paging | undefined {
	if (method !== 'GET') return undefined;
	if (path.endsWith('/activity')) return 'page';
	return path === '/agents' || path.endsWith('/keys') ? 'offset' : undefined;
}

const MAX_ROWS = 200;

/** All rows of a list that has pages, as documented. */
async function wholeList(route: Route, exchange: Exchange, paging: Paging): Promise<unknown[]> {
	const all: unknown[] = [];
	for (let number = 0; ; number++) {
		const at = paging === 'page' ? number + 1 : number * MAX_ROWS;
		const query = { ...exchange.query, limit: String(MAX_ROWS), [paging]: String(at) };
		const { body } = await route.handle({ ...exchange, query });
		const { rows } = listIn(body) ?? { rows: [] };
		all.push(...rows);
		if (rows.length < MAX_ROWS) return all;
	}
}

/** A 400 that names the fields of a body as the contract does. */
function inNames(problem: Problem, nameOf: (documented: string) => string): Problem {
	const { issues } = problem.body as { issues?: Issue[] };
	const isOther = (step: string | number): boolean =>
		typeof step === 'string' && nameOf(step) !== step;
	if (!issues?.some(({ path }) => path.some(isOther))) return problem;
	const renamedIssues = issues.map(({ path, message }) => ({
		path: path.map((step) => (typeof step === 'string' ? nameOf(step) : step)),
		message,
	}));
	return notDecodable('body', renamedIssues);
}

/** Everything in which the emulator departs from the documented contract, around the handlers. */
export class ContractLayer {
	#contract: Contract = {};
	/** Absent if all paths and methods are as documented. */
	#places: Place[] | undefined;

	/** @throws Error for a route that doesn't exist */
	set(contract: Contract): void {
		const { prefixes, verbs, containers, requestNames, answerNames, values } = contract;
		const { totalOfPage = [], reversed = [], nullIfUnset = [], writeAnswers, instead } = contract;
		const names = [requestNames, answerNames];
		const byRoute = [prefixes, verbs, containers, ...names, values, writeAnswers, instead];
		const named = [
			...byRoute.flatMap((one) => Object.keys(one ?? {})),
			...totalOfPage,
			...reversed,
			...nullIfUnset,
		];
		const unknown = named.find((name) => !routes.some((route) => routeName(route) === name));
		if (unknown !== undefined) throw new Error(`The emulator has no route ${unknown}`);
		this.#contract = contract;
		const isElsewhere = [contract.prefix, prefixes, verbs].some((one) => one !== undefined);
		this.#places = isElsewhere ? placesIn(contract) : undefined;
	}

	/** Undefined if a request is handled as it is: by its route, or as an unknown path. */
	admit(method: string, url: string): Admission | undefined {
		if (!this.#places) return undefined;
		const [path = '', ...query] = url.split('?');
		const there = this.#places.filter(({ pattern }) => pattern.test(path));
		const place = there.find((one) => one.method === method);
		if (place) {
			const mount = mountsOf(place.route)[0] ?? '';
			const documented = [mount + path.slice(place.prefix.length), ...query].join('?');
			const served = { method: place.route.method, url: documented };
			return { method, url, served, allow: [] };
		}
		const isDocumented = documentedPlaces.some(
			(one) => one.method === method && one.pattern.test(path),
		);
		if (there.length === 0 && !isDocumented) return undefined;
		return { method, url, allow: [...new Set(there.map((one) => one.method))] };
	}

	get endedSession(): number {
		return this.#contract.endedSession ?? 401;
	}

	/** What a route answers before or after its work, as a fault does. */
	insteadOf(route: Route): Instead | undefined {
		return this.#contract.instead?.[routeName(route)];
	}

	/** @throws Problem as the route does, in the contract's names */
	async answer(route: Route, exchange: Exchange): Promise<Answer> {
		const { ignoredQuery = [], nullIfUnset = [] } = this.#contract;
		const used = Object.entries(exchange.query).filter(([name]) => !ignoredQuery.includes(name));
		const nameOf = this.#namesOf(route);
		const documented: Exchange = {
			...exchange,
			query: Object.fromEntries(used),
			body: this.#documentedBody(route, exchange.body, nameOf),
		};
		try {
			const before = await this.#rowsBefore(route, documented);
			const answer = await this.#handled(route, documented);
			return this.#shaped(route, this.#written(route, answer, documented.body, before));
		} catch (error) {
			if (error instanceof NotSet && nullIfUnset.includes(routeName(route)))
				return { status: 200, body: null };
			throw error instanceof Problem ? inNames(error, nameOf) : error;
		}
	}

	/** The contract's name for a documented field of a body. */
	#namesOf(route: Route): (documented: string) => string {
		const names = this.#contract.requestNames?.[routeName(route)] ?? {};
		const isCamel = this.#contract.requestCase === 'camel' && isOfUser(route);
		return (name) => names[name] ?? (isCamel ? toCamel(name) : name);
	}

	/** Without the fields that the contract has another name for. */
	#documentedBody(route: Route, body: unknown, nameOf: (name: string) => string): unknown {
		const names = Object.entries(this.#contract.requestNames?.[routeName(route)] ?? {});
		return renamed(body, (sent) => {
			const byName = names.find(([, name]) => name === sent)?.[0];
			const candidates = [...(byName === undefined ? [] : [byName]), toSnake(sent), sent];
			return candidates.find((one) => nameOf(one) === sent);
		});
	}

	/** What a list contains before it's replaced. */
	async #rowsBefore(route: Route, exchange: Exchange): Promise<unknown[]> {
		const isAdded = this.#contract.writeAnswers?.[routeName(route)] === 'added';
		const read = routes.find(({ method, path }) => method === 'GET' && path === route.path);
		if (!isAdded || route.method !== 'PUT' || !read) return [];
		try {
			return listIn((await read.handle(exchange)).body)?.rows ?? [];
		} catch (error) {
			if (error instanceof NotSet) return [];
			throw error;
		}
	}

	#written(route: Route, answer: Answer, sent: unknown, before: unknown[]): Answer {
		const kind = this.#contract.writeAnswers?.[routeName(route)];
		if (kind === undefined) return answer;
		if (kind === 'nothing') return { status: 204 };
		if (kind === 'ok') return { status: 200, body: { ok: true } };
		const { body } = answer;
		const isNew = (row: unknown): boolean => !before.includes(row);
		return { ...answer, body: Array.isArray(body) ? body.filter(isNew) : onlySent(body, sent) };
	}

	async #handled(route: Route, exchange: Exchange): Promise<Answer> {
		const { firstPage, reversed = [], largestPage } = this.#contract;
		const isReversed = reversed.includes(routeName(route));
		const paging = pagingOf(route);
		const isAsDocumented = !isReversed && firstPage === undefined && largestPage === undefined;
		if (isAsDocumented) return await route.handle(exchange);
		if (!paging) {
			const answer = await route.handle(exchange);
			const { body } = answer;
			return isReversed && Array.isArray(body) ? { ...answer, body: body.toReversed() } : answer;
		}
		const rows = await wholeList(route, exchange, paging);
		return this.#page(isReversed ? rows.toReversed() : rows, exchange, paging);
	}

	#page(rows: unknown[], { query }: Exchange, paging: Paging): Answer {
		const { firstPage = 1, largestPage = { rows: MAX_ROWS, beyond: 'reject' } } = this.#contract;
		const max = largestPage.beyond === 'reject' ? largestPage.rows : Infinity;
		const { limit: asked } = decodeQuery(query, {
			limit: { ...(paging === 'page' ? activityPaging : listPaging).limit, max },
		});
		const limit = Math.min(asked, largestPage.rows);
		if (paging === 'offset') {
			const { offset } = decodeQuery(query, { offset: listPaging.offset });
			const items = rows.slice(offset, offset + limit);
			return { status: 200, body: { items, total: rows.length, limit, offset } };
		}
		const { page } = decodeQuery(query, {
			page: { fallback: firstPage, min: firstPage, max: Infinity },
		});
		const start = (page - firstPage) * limit;
		const hasNextPage = start + limit < rows.length;
		const activity = rows.slice(start, start + limit);
		return { status: 200, body: { activity, hasNextPage, totalCount: rows.length } };
	}

	#shaped(route: Route, answer: Answer): Answer {
		if (answer.body === undefined || route.access === 'anyone') return answer;
		const name = routeName(route);
		const { values, times, amounts, containers, totalOfPage = [], integers } = this.#contract;
		const { answerNames, answerCase } = this.#contract;
		let body: unknown = answer.body;
		const own = values?.[name];
		if (own) body = withValues(body, own);
		if (times) body = withTimes(body, times);
		if (amounts) body = withUsdc(body);
		body = contained(body, containers?.[name], totalOfPage.includes(name));
		if (integers) body = withIntegers(body, integers);
		const names = answerNames?.[name];
		if (names) body = renamed(body, (one) => names[one] ?? one);
		if (answerCase && isOfUser(route))
			body = renamed(body, answerCase === 'camel' ? toCamel : toSnake);
		return { ...answer, body };
	}
}
