import { CannotRun } from './args.mts';
import { evidenceOf } from './evidence.mts';
import { errorIn } from './complaints.mts';
import { isOk, isSuccess, judge, unexpected, type Asked } from './judge.mts';
import { areAlike, isSameSpelledOtherwise, type RouteName } from './known.mts';
import { Names } from './names.mts';
import { type Answer, type Requests } from './requests.mts';
import type { Fact, Report, Role, RouteResult, Verdict } from './results.mts';
import { kindOf } from './shapes.mts';
import { parts, PREFIXES, rootOf, routes, type Connection, type Part, type Route } from './source';

/** Who calls, and below which bases its routes may be; the first is what the package would call. */
export interface Caller {
	as: Role;
	bases: string[];
	token?: string;
	/** The agent of a session. */
	agent?: string;
}

export interface Input {
	params?: Readonly<Record<string, string>>;
	query?: Readonly<Record<string, string | number>>;
	body?: unknown;
	/** Whether a 404 can also mean that nothing is set. */
	canBeUnset?: boolean;
	/** How many rows of the list came before. */
	before?: number;
	/** Instead of the route's own, where it was seen to be another one. */
	method?: string;
}

/** The bases of the same host where a route may be. */
export function basesOf(baseUrl: string): string[] {
	return [...new Set([baseUrl, ...PREFIXES.map((prefix) => rootOf(baseUrl) + prefix)])];
}

export function userOf({ baseUrl, token }: Connection): Caller {
	return { as: 'user', bases: basesOf(baseUrl), token };
}

/** A base as a report can show it: the path of a proxy can be private. */
function shownBase(base: string): string {
	const { pathname } = new URL(base);
	const root = rootOf(pathname);
	return root === '' ? pathname : `(your path)${pathname.slice(root.length)}`;
}

/** The value of a field, also under a name that means the same. */
export function valueOf(row: Record<string, unknown>, field: string, kind?: string): unknown {
	if (Object.hasOwn(row, field)) return row[field];
	const fitting = Object.keys(row).filter((name) => !kind || kindOf(row[name]) === kind);
	const other =
		fitting.find((name) => isSameSpelledOtherwise(name, field)) ??
		fitting.find((name) => areAlike(name, field));
	return other === undefined ? undefined : row[other];
}

function limitIn({ query }: Input): number | undefined {
	const limit = query?.['limit'];
	return limit === undefined ? undefined : Number(limit);
}

/** Of two settlements of a fact, the one that says more counts. */
const weight: Record<Verdict, number> = { unused: 0, unknown: 1, fits: 2, differs: 3 };

const routeOf = (name: RouteName): Route => routes[name];

const keyOf = ({ as }: Caller, name: RouteName): string => `${as} ${name}`;

/** What is known so far. */
export class Check {
	readonly results = new Map<string, RouteResult>();
	readonly facts: Fact[] = [];
	readonly stopped: string[] = [];
	readonly left = new Set<string>();
	/** Texts that no report can have. */
	readonly secrets = new Set<string>();
	/** By the service's clock, epoch ms. */
	now = Date.now();
	readonly names = new Names();
	readonly #bases = new Map<string, string>();
	readonly #accepted = new Set<Caller>();

	constructor(readonly requests: Requests) {}

	/** The path of a route as this caller calls it, with its parameters in braces. */
	pathOf(caller: Caller, name: RouteName): string {
		const { path, sessionPath } = routeOf(name);
		return caller.as === 'agent' ? (sessionPath ?? path) : path;
	}

	resultOf(caller: Caller, name: RouteName): RouteResult | undefined {
		return this.results.get(keyOf(caller, name));
	}

	/** Sends it once, to the base where the route answered, and judges nothing. */
	async send(caller: Caller, name: RouteName, input: Input, base?: string): Promise<Answer> {
		const { token, bases } = caller;
		const path = this.pathOf(caller, name);
		const { query, body, params = {} } = input;
		const to = base ?? this.#bases.get(keyOf(caller, name)) ?? bases[0] ?? '';
		const filled = path.replaceAll(/\{(\w{1,20})\}/g, (_, parameter: string) =>
			encodeURIComponent(params[parameter] ?? ''),
		);
		const method = input.method ?? routeOf(name).method;
		const ask = { method, base: to, path: filled, query, body, token };
		const answer = await this.requests.send(ask, `${method} ${shownBase(to)}${path}`);
		this.now = answer.date ?? Date.now();
		if (isSuccess(answer.status)) this.names.note(answer.body);
		const { reportsErrors }: Route = routeOf(name);
		const canReport = isSuccess(answer.status) && !reportsErrors;
		return { ...answer, error: canReport ? errorIn(answer.body, this.names) : undefined };
	}

	/** Where a route may be: only where it was, once that is known. */
	#basesFor(caller: Caller, name: RouteName): string[] {
		const known = this.#bases.get(keyOf(caller, name));
		if (known !== undefined) return [known];
		const { prefix } = routeOf(name);
		const own = prefix ? caller.bases.slice(0, 1).map((base) => rootOf(base) + prefix) : [];
		return [...new Set([...own, ...caller.bases])];
	}

	/** Asks each base in turn until one has the route. */
	async #find(caller: Caller, name: RouteName, input: Input): Promise<[Answer, string]> {
		let best: [Answer, string] | undefined;
		for (const base of this.#basesFor(caller, name)) {
			const answer = await this.send(caller, name, input, base);
			const { status } = answer;
			if (isSuccess(status)) this.#bases.set(keyOf(caller, name), base);
			if (isSuccess(status) || status === 0 || status >= 429) return [answer, base];
			// Any other status can be that of a gate in front of all paths.
			const isBetter = best?.[0].status === 404 && status === 405;
			if (best === undefined || isBetter) best = [answer, base];
		}
		if (best === undefined) throw new Error(`${name} has no base`);
		return best;
	}

	/** Calls a route, and keeps the verdict. */
	async ask(caller: Caller, name: RouteName, input: Input = {}): Promise<Answer> {
		const [answer, base] = await this.#find(caller, name, input);
		const route = routeOf(name);
		const call = `${input.method ?? route.method} ${this.pathOf(caller, name)}`;
		const asked: Asked = {
			name,
			route,
			agent: caller.agent ?? input.params?.['address'],
			hasInput: input.query !== undefined || input.body !== undefined,
			id: input.params?.['id'],
			names: this.names,
			limit: limitIn(input),
			before: input.before,
			isHome: base === caller.bases[0],
			base: shownBase(base),
			isAccepted: this.#accepted.has(caller),
			isWrite: route.method !== 'GET',
		};
		if (isOk(answer) && caller.token !== undefined) this.#accepted.add(caller);
		const { verdicts, findings, comparison, shape } = judge(asked, answer);
		const result: RouteResult = {
			route: name,
			call,
			as: caller.as,
			base: asked.base,
			status: answer.status,
			error: answer.error,
			ms: Math.round(answer.ms),
			verdicts,
			evidence: evidencesOf(route, caller),
			findings,
			differences: comparison.differences,
			extras: comparison.extras,
			absent: comparison.absent,
			shape,
		};
		if (answer.status === 404 && input.canBeUnset) asUnset(result);
		this.#noteFailure(call, answer);
		this.#keep(keyOf(caller, name), result);
		return answer;
	}

	fact(caller: Caller, name: RouteName, fact: Omit<Fact, 'route' | 'call' | 'as'>): void {
		const call = `${routeOf(name).method} ${this.pathOf(caller, name)}`;
		const isSame = (one: Fact): boolean =>
			one.route === name && one.as === caller.as && one.subject === fact.subject;
		const at = this.facts.findIndex(isSame);
		const made: Fact = { route: name, call, as: caller.as, ...fact };
		const before = this.facts[at];
		if (!before) this.facts.push(made);
		else if (weight[fact.verdict] > weight[before.verdict]) this.facts[at] = made;
	}

	/** A finding that takes more than one answer to see. */
	find(caller: Caller, name: RouteName, part: Part, text: string, change: string): void {
		const result = this.resultOf(caller, name);
		if (!result) return;
		result.findings.push({ part, text, change });
		result.verdicts[part] = 'differs';
	}

	/** A step that settles more than one answer. What goes wrong in it keeps no other from it. */
	async step<Result>(
		caller: Caller,
		name: RouteName,
		take: () => Promise<Result>,
	): Promise<Result | undefined> {
		try {
			return await take();
		} catch (error) {
			if (error instanceof CannotRun) throw error;
			const { part, text, change } = unexpected(name, error);
			this.find(caller, name, part, text, change);
			this.stopped.push(`${this.pathOf(caller, name)}: ${text}`);
			return undefined;
		}
	}

	/** Keeps an earlier result after other ways to call the route didn't work. */
	restore(result: RouteResult): void {
		this.results.set(`${result.as} ${result.route}`, result);
	}

	#noteFailure(call: string, { status, failure }: Answer): void {
		const advice = 'Check AMPERSEND_API_URL and the network, or use --request-seconds.';
		if (status === 0) this.stopped.push(`${call}: no answer (${failure ?? 'unknown'}). ${advice}`);
		else if (status === 429 || status >= 500) this.stopped.push(`${call}: HTTP ${status}`);
	}

	/** Of several calls of a route, one that was answered says most. */
	#keep(key: string, result: RouteResult): void {
		const before = this.results.get(key);
		if (!before || (!isOk(before) && (isOk(result) || result.findings.length > 0))) {
			this.results.set(key, result);
			return;
		}
		// Whatever number of rows it's about.
		const kindIn = (text: string): string => text.replace(/ \(\d{1,9} times\)$/, '');
		const isNew = ({ part, text }: { part: Part; text: string }): boolean =>
			!before.findings.some((one) => one.part === part && kindIn(one.text) === kindIn(text));
		const isAbout = isOk(result) || !isOk(before);
		for (const finding of isAbout ? result.findings.filter(isNew) : []) {
			before.findings.push(finding);
			before.verdicts[finding.part] = 'differs';
		}
	}

	report(): Pick<Report, 'routes' | 'facts' | 'stopped' | 'left'> {
		const { facts, stopped, left } = this;
		return {
			routes: [...this.results.values()],
			facts,
			stopped: [...new Set(stopped)],
			left: [...left],
		};
	}
}

function evidencesOf(route: Route, { as }: Caller): Record<Part, string> {
	const entries = parts.map((part) => [part, evidenceOf(route, part, as === 'agent')]);
	return Object.fromEntries(entries) as Record<Part, string>;
}

/** A 404 that can also mean that nothing is set says nothing about the route. */
function asUnset(result: RouteResult): void {
	result.findings = [];
	result.verdicts = { path: 'unknown', method: 'unknown', request: 'unknown', answer: 'unknown' };
	result.note =
		'404: nothing is set for the agents that were read, or the route is another one. ' +
		'Set it for an agent in the dashboard, or use --write in the sandbox';
}
