import type { AddressInfo } from 'node:net';
import { Approvals, type ApprovalInit } from './approvals.mts';
import type { Call } from './calls.mts';
import { ContractLayer, type Contract } from './contract.mts';
import { deployments, type DeploymentName } from './deployments.mts';
import { HostedEndpoints, type EndpointInit, type HostedEndpoint } from './endpoints.mts';
import type { Activity, ActivityStatus, PaymentStatus } from './history.mts';
import { Keyring } from './keyring.mts';
import { Marketplace, type Listing } from './marketplace.mts';
import { routeName, routes, type Access, type Route } from './routes.mts';
import { Script, type FaultInit, type Hook, type HookOptions } from './script.mts';
import { buildServer } from './server.mts';
import { Sessions } from './sessions.mts';
import { Strangers } from './strangers.mts';
import { defaultStyle, Wire, type WireStyle } from './wire.mts';
import {
	MAIN_USER,
	World,
	type Agent,
	type AgentInit,
	type AgentPatch,
	type AgentRef,
	type PaymentDetails,
	type PaymentInit,
	type SeedOptions,
} from './world.mts';

export type { Call } from './calls.mts';
export type { Contract } from './contract.mts';
export { deviations, type Deviation } from './deviations.mts';
export type { DeploymentName } from './deployments.mts';
export type { Activity, ActivityStatus, ActivityType, PaymentStatus } from './history.mts';
export type { HostedEndpoint } from './endpoints.mts';
export type { AuthOutcome } from './keyring.mts';
export type { Listing } from './marketplace.mts';
export type { FaultAction, FaultInit, Hook, HookOptions } from './script.mts';
export type { WireStyle } from './wire.mts';
export type {
	Agent,
	AgentInit,
	AgentKey,
	AgentPatch,
	AgentRef,
	AutoCollectConfig,
	PaymentDetails,
	PaymentInit,
	SeedOptions,
	SpendConfig,
} from './world.mts';
export { randomAddress } from './addresses.mts';

export interface EmulatorOptions {
	/** Sandbox by default. */
	deployment?: DeploymentName;
	/** Any free one by default. */
	port?: number;
	/** Now, in epoch milliseconds; the only clock that is read. */
	clock?: () => number;
	/** Minimum time before an answer. */
	latencyMs?: number;
	wire?: Partial<WireStyle>;
	/** In what it differs from the documented service; in nothing by default. */
	contract?: Contract;
}

export interface Emulator {
	readonly deployment: DeploymentName;
	/** CAIP-2 id. */
	readonly chain: string;
	readonly usdcContract: string;
	/** `http://127.0.0.1:PORT` */
	readonly origin: string;
	/** The origin and `/v1`; the same is served under `/api/v1` and `/api/v1/sdk`. */
	readonly baseUrl: string;
	/** Where agents call in their sessions. */
	readonly agentBaseUrl: string;
	/** A valid key of the main user, created at the start. */
	readonly apiKey: string;
	/** You can change it at any time. */
	readonly wire: WireStyle;
	/** The time by its clock, in epoch milliseconds. */
	now(): number;

	createApiKey(options?: { owner?: string; label?: string }): string;
	revokeApiKey(key: string): void;
	/** For sessions that start from now on. */
	setSessionLifetime(ms: number): void;
	/**
	 * Ends every session.
	 * @param status of the answers that they get from now on; that of the contract by default
	 */
	expireSessions(status?: number): void;
	/** All tokens so far. */
	sessionTokens(): string[];

	addAgent(init?: AgentInit): Agent;
	removeAgent(agent: AgentRef): void;
	/** A copy of all state of an agent, for assertions. */
	agent(agent: AgentRef): Agent;
	/** Copies of a user's agents, in the order of their creation. */
	agents(owner?: string): Agent[];
	/** Changes an agent without the API, as its owner does in the dashboard. */
	updateAgent(agent: AgentRef, patch: AgentPatch): void;

	/** Copies of what an agent sells, with the secrets. */
	hostedEndpoints(agent: AgentRef): HostedEndpoint[];
	addHostedEndpoint(agent: AgentRef, id: string, input: EndpointInit): HostedEndpoint;
	addListing(init?: Partial<Listing>): Listing;
	/** A request for approval, as if it had come through the API. */
	addApproval(token: string, input: ApprovalInit): void;
	/** Tokens of the requests for approval that nobody has decided about. */
	undecided(): string[];
	/**
	 * What the owner decides about a request for approval.
	 * @param agent whom the owner chooses, where that is asked for
	 */
	decide(token: string, status: 'resolved' | 'rejected' | 'blocked', agent?: AgentRef): void;

	pay(payment: PaymentInit): Activity;
	setStatus(activityId: string, status: ActivityStatus, paymentStatus?: PaymentStatus): Activity;
	/**
	 * Adds `count` rows; row 0 is the oldest. They are computed when read: `details` has to return
	 * the same for an `i` each time.
	 */
	seedActivity(
		agent: AgentRef,
		count: number,
		details?: (i: number) => PaymentDetails,
		options?: SeedOptions,
	): void;

	/** All requests in order, including unknown ones. */
	readonly calls: readonly Call[];
	clearCalls(): void;

	fault(fault: FaultInit): void;
	/** Runs `hook` once, before the next call of the route is handled. */
	before(route: string, hook: Hook, options?: HookOptions): void;
	/** Runs `hook` once, after the next call of the route is handled and before its answer leaves. */
	after(route: string, hook: Hook, options?: HookOptions): void;
	/**
	 * Declares that a path without a route will be requested. `path` is the whole path, for example
	 * `/wrong/agents`.
	 */
	expectUnknown(path: string | RegExp, method?: string): void;
	/** Replaces the contract: what isn't given is as documented. */
	setContract(contract: Contract): void;
	/**
	 * Declares that documented requests which the contract doesn't serve are expected. They are
	 * among `calls`.
	 */
	allowUnserved(): void;
	/**
	 * Throws if a fault or a hook wasn't used, a hook threw, an unknown path was requested, or a key
	 * was in the wrong place.
	 */
	assertClean(): void;

	close(): Promise<void>;
}

/** Every route, relative to the base where those who can call it do. */
export const handledRoutes: ReadonlyArray<Pick<Route, 'method' | 'path'> & { access: Access }> =
	routes.map(({ method, path, access = 'user' }) => ({ method, path, access }));

export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const { deployment = 'sandbox', port = 0, clock = Date.now, latencyMs = 0 } = options;
	const world = new World(deployment, clock);
	const wire: WireStyle = { ...defaultStyle, ...options.wire };
	const keyring = new Keyring(deployment);
	const sessions = new Sessions(clock, deployments[deployment].origin);
	const endpoints = new HostedEndpoints(clock);
	const marketplace = new Marketplace(clock);
	const approvals = new Approvals(world);
	const script = new Script(routes.map(routeName));
	const strangers = new Strangers();
	const contract = new ContractLayer();
	const setContract = (to: Contract): void => {
		contract.set(to);
		sessions.endedStatus = contract.endedSession;
	};
	setContract(options.contract ?? {});
	const calls: Call[] = [];
	const complaints: string[] = [];

	const server = buildServer({
		world,
		wire: new Wire(wire),
		keyring,
		sessions,
		endpoints,
		marketplace,
		approvals,
		script,
		strangers,
		contract,
		calls,
		complaints,
		latencyMs,
	});
	await server.listen({ host: '127.0.0.1', port });
	const origin = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;

	return {
		deployment,
		chain: deployments[deployment].chain,
		usdcContract: deployments[deployment].usdcContract,
		origin,
		baseUrl: `${origin}/v1`,
		agentBaseUrl: `${origin}/api/v1`,
		apiKey: keyring.create(MAIN_USER),
		wire,
		now: clock,

		createApiKey: ({ owner = MAIN_USER, label } = {}) => keyring.create(owner, label),
		revokeApiKey: (key) => keyring.revoke(key),
		setSessionLifetime: (ms) => {
			sessions.lifetimeMs = ms;
		},
		expireSessions: (status = contract.endedSession) => {
			sessions.endedStatus = status;
			sessions.expire();
		},
		sessionTokens: () => sessions.tokens(),

		addAgent: (init) => structuredClone(world.addAgent(init)),
		removeAgent: (ref) => world.removeAgent(ref),
		agent: (ref) => structuredClone(world.get(ref).agent),
		agents: (owner = MAIN_USER) => structuredClone(world.agentsOf(owner)),
		updateAgent: (ref, patch) => world.updateAgent(ref, patch),

		hostedEndpoints: (ref) => structuredClone(endpoints.of(world.get(ref).agent.address)),
		addHostedEndpoint: (ref, id, input) =>
			structuredClone(endpoints.add(world.get(ref).agent.address, id, input)),
		addListing: (init) => structuredClone(marketplace.add(init)),
		addApproval: (token, input) => {
			approvals.request(input, token);
		},
		undecided: () => approvals.undecided(),
		decide: (token, status, ref) =>
			approvals.decide(token, status, ref && world.get(ref).agent.address),

		pay: (payment) => ({ ...world.pay(payment) }),
		setStatus: (id, status, paymentStatus) => ({ ...world.setStatus(id, status, paymentStatus) }),
		seedActivity: (ref, count, details = () => ({}), seedOptions = {}) =>
			world.seed(ref, count, details, seedOptions),

		calls,
		clearCalls: () => {
			calls.length = 0;
		},

		fault: (fault) => script.fault(fault),
		before: (route, hook, hookOptions) => script.hook('before', route, hook, hookOptions),
		after: (route, hook, hookOptions) => script.hook('after', route, hook, hookOptions),
		expectUnknown: (path, method) => strangers.expect(path, method),
		setContract,
		allowUnserved: () => {
			strangers.allowsUnserved = true;
		},
		assertClean: () => {
			const all = [...strangers.complaints(), ...script.complaints(), ...complaints];
			if (all.length > 0) throw new Error(`The emulator is not clean:\n- ${all.join('\n- ')}`);
		},

		close: () => server.close(),
	};
}
