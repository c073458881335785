import type { Route } from './source';

/** What can differ about a route: where it is, and what goes there and comes back. */
export const parts = ['path', 'method', 'request', 'answer'] as const;
export type Part = (typeof parts)[number];

/**
 * How the routes table knows a part of a route.
 * @param inSession whether an agent calls its own variant of the route, which the SDK has
 */
export function evidenceOf(route: Route, part: Part, inSession = false): string {
	if (inSession && route.sessionPath !== undefined) return 'SDK';
	const byPart: Record<Part, string> = {
		path: route.evidence,
		method: route.evidence,
		request: route.evidence,
		answer: route.evidence,
	};
	return byPart[part];
}
