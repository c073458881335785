import type { Part, Route } from './source';

/**
 * How the routes table knows a part of a route.
 * @param inSession whether an agent calls its own variant of the route, which the SDK has
 */
export function evidenceOf({ facts, sessionPath }: Route, part: Part, inSession = false): string {
	return inSession && sessionPath !== undefined ? 'SDK' : facts[part].evidence;
}
