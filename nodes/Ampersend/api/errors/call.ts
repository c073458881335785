import { shortAddress } from '../../domain/address';
import type { Bases } from '../connection/bases';
import { othersText } from '../connection/bases';
import type { Connection } from '../connection/deployments';
import { AGENT_PATH, deployments } from '../connection/deployments';
import type { Evidence, Part, Route } from '../routes';

/** One call, as its error messages need it. */
export interface Call {
	route: Route;
	/** The route's path with its parameters filled in. */
	path: string;
	/** The agent in the path, if there is one. */
	agent?: string;
	/** The ID in the path, if there is one. */
	id?: string;
	connection: Connection;
	/** What answers where, if the service was asked. */
	bases?: Bases;
	/** Another base URL that answers the same read, if it was looked for. */
	readAt?: string;
}

const isOfficial = (url: string) =>
	Object.values(deployments).some(({ origin }) => url.startsWith(`${origin}/`));

/** What was found at the base URL, where no other one is better. */
function foundText(bases: Bases): string {
	const { baseUrl, listsAgents, hasRoutesOfAgent, doubt } = bases.own;
	if (listsAgents && hasRoutesOfAgent) {
		return `The Base URL ${baseUrl} is right: Ampersend answers for other requests there.`;
	}
	if (doubt !== undefined) {
		return `What else answers at the Base URL ${baseUrl} could not be tested (${doubt}).`;
	}
	const found = !listsAgents
		? 'this node found no list of agents.'
		: hasRoutesOfAgent === false
			? 'Ampersend lists agents, and answers for none of them.'
			: 'Ampersend lists no agent.';
	return `At the Base URL ${baseUrl}, ${found} ${othersText(bases)}`.trim();
}

/** What there is to say about the base URL, if anything can be wrong with it. */
function baseText({ route: { access = 'user' }, connection, bases }: Call): string {
	const { agent, baseUrl, agentBaseUrl } = connection;
	if (agent !== undefined) {
		if (isOfficial(baseUrl)) return '';
		return `The Base URL is ${baseUrl}. Ampersend's own ends with ${AGENT_PATH}.`;
	}
	if (access !== 'user') {
		if (isOfficial(baseUrl)) return '';
		return `The request went to ${agentBaseUrl}, which follows from the Base URL ${baseUrl}.`;
	}
	if (!bases) {
		return (
			`The Base URL is ${baseUrl}. To find out whether it's right, open the credential and test ` +
			'it: the test asks at each path that is known.'
		);
	}
	return foundText(bases);
}

const sources: Record<Exclude<Evidence, 'assumed'>, string> = {
	documented: "Ampersend's API-keys page",
	SDK: "Ampersend's official SDK",
	'SDK branch': "a branch of Ampersend's official SDK",
};

const partNames: Record<Part, string> = {
	path: 'this path',
	method: 'the method {method} here',
	request: 'what to send here',
	answer: 'this answer',
};

/** How this node knows a part of a route. In its session, an agent calls what the SDK calls. */
export function guessText({ route, connection }: Call, part: Part): string {
	const isOwn = connection.agent !== undefined && route.sessionPath !== undefined;
	const evidence = isOwn ? 'SDK' : route.facts[part].evidence;
	const name = partNames[part].replace('{method}', route.method);
	if (evidence === 'assumed') return `No public page documents ${name}, so this node assumes it.`;
	return `This node knows ${name} from ${sources[evidence]} (read ${route.checkedOn}).`;
}

/** Other ways to do it, if a part of the route is only assumed. */
function waysText({ route, connection }: Call): string {
	if (connection.agent !== undefined) return '';
	const isAssumed = Object.values(route.facts).some(({ evidence }) => evidence === 'assumed');
	const hasSession = (route.sessionPath ?? route.sessionRoute) !== undefined;
	const ways = [
		...(route.instead ? [`${route.instead} does it by a link that the owner approves.`] : []),
		...(hasSession
			? ['With an Ampersend Agent API credential, the agent has a route that is known to work.']
			: []),
		...(isAssumed
			? ['If you know the right request, send it with the HTTP Request node and this credential.']
			: []),
	];
	return ways.join(' ');
}

/** What every text can say about a call. */
export function factsOf(call: Call) {
	const { route, path, connection } = call;
	const { baseUrl, deployment } = connection;
	return {
		base: baseText(call),
		ways: waysText(call),
		does: route.does,
		method: route.method,
		check: route.check ?? '',
		baseUrl,
		host: new URL(baseUrl).origin,
		dashboard: deployment.dashboard,
		// Of the agent, or of its key.
		address: shortAddress(path.match(/0x[0-9a-fA-F]{40}/g)?.at(-1) ?? ''),
	};
}
