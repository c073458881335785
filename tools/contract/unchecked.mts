import type { Settings } from './args.mts';
import type { RouteName } from './known.mts';
import type { Role, RouteResult, Unchecked } from './results.mts';
import { routes, type Route } from './source';

interface Call {
	route: RouteName;
	method: string;
	path: string;
	as: Role;
}

/** Each way in which the package calls the service. */
function allCalls(): Call[] {
	return (Object.keys(routes) as RouteName[]).flatMap((route): Call[] => {
		const { access = 'user', method, path, sessionPath }: Route = routes[route];
		const as = access === 'login' ? 'anyone' : access;
		const own: Call = { route, method, path, as };
		return sessionPath === undefined
			? [own]
			: [own, { route, method, path: sessionPath, as: 'agent' }];
	});
}

function reasonFor({ as, method, route }: Call, { user, agent, write }: Settings): string {
	const lacking = 'what it needs was not there, such as an agent, a session or an id';
	const isLogin = route === 'logIn' || route === 'requestNonce';
	const needsAgent = as === 'agent' || isLogin;
	const pays = route === 'authorizePayment' || route === 'reportPayment';
	if (as === 'user' && !user) return 'needs AMPERSEND_API_KEY';
	if (pays) return "is of a payment, which counts against the agent's limits: no run makes one";
	if (write) return lacking;
	if (needsAgent && !agent) return 'needs AMPERSEND_AGENT_KEY';
	if (method !== 'GET' && !isLogin) return 'writes: needs --write and the sandbox';
	return route === 'getApproval' ? 'needs a request: --write and the sandbox' : lacking;
}

/** What the run didn't call, and why. */
export function uncheckedCalls(results: RouteResult[], settings: Settings): Unchecked[] {
	const called = new Set(results.map(({ route, as }) => `${as} ${route}`));
	return allCalls()
		.filter(({ route, as }) => !called.has(`${as} ${route}`))
		.map((call) => ({
			route: call.route,
			call: `${call.method} ${call.path}`,
			as: call.as,
			reason: reasonFor(call, settings),
		}));
}
