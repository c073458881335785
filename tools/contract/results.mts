import type { Part } from './source';
import type { RouteName } from './known.mts';
import type { Difference } from './shapes.mts';

/** `unused`: the request sends nothing there, or nothing of the answer is read. */
export type Verdict = 'fits' | 'differs' | 'unknown' | 'unused';

export type Role = 'user' | 'agent' | 'anyone';

/** What differs about a part of a route, and what to change. */
export interface Finding {
	part: Part;
	text: string;
	change: string;
}

export interface RouteResult {
	/** In the routes table. */
	route: RouteName;
	/** As it was called, with its parameters in braces. */
	call: string;
	/** With an API key, in a session, or without either. */
	as: Role;
	/** The prefix below which it answered. */
	base: string;
	/** HTTP status; 0 without an answer. */
	status: number;
	/** What it said of an error in spite of a status of success. */
	error?: string;
	ms: number;
	/** `request` is its query or body. */
	verdicts: Record<Part, Verdict>;
	evidence: Record<Part, string>;
	findings: Finding[];
	differences: Difference[];
	/** Fields that the package doesn't know. */
	extras: string[];
	/** Optional fields that no row has. */
	absent: string[];
	/** Kinds of what came, without values. */
	shape: unknown;
	note?: string;
}

/** Something that isn't in a shape, settled by what came. */
export interface Fact {
	route: RouteName;
	call: string;
	as: Role;
	part: Part;
	subject: string;
	assumed: string;
	found: string;
	verdict: Verdict;
	change: string;
}

export interface Unchecked {
	route: RouteName;
	call: string;
	as: Role;
	reason: string;
}

export interface Report {
	package: string;
	deployment: string;
	routes: RouteResult[];
	facts: Fact[];
	unchecked: Unchecked[];
	/** What kept a check from being made. */
	stopped: string[];
	/** What was created and couldn't be removed. */
	left: string[];
	requests: number;
	seconds: number;
}

export const exitCodes = { fits: 0, differs: 1, couldNotRun: 2 } as const;

export function differsIn({ routes, facts }: Pick<Report, 'routes' | 'facts'>): boolean {
	return (
		routes.some(({ findings }) => findings.length > 0) ||
		facts.some(({ verdict }) => verdict === 'differs')
	);
}

export function exitCodeOf(report: Report): number {
	if (differsIn(report)) return exitCodes.differs;
	return report.stopped.length > 0 ? exitCodes.couldNotRun : exitCodes.fits;
}
