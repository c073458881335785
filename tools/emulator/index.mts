import { Approvals, type ApprovalInit } from './approvals.mts';
import { Authorizations, type Authorization, type PaymentReport } from './authorizations.mts';
import type { Call } from './calls.mts';
import { ContractLayer, type Contract } from './contract.mts';
import { deployments, type DeploymentName } from './deployments.mts';
import { HostedEndpoints, type EndpointInit, type HostedEndpoint } from './endpoints.mts';
import type { Activity, ActivityStatus, PaymentStatus } from './payments.mts';
import { Keyring } from './keyring.mts';
import { Marketplace, type Listing } from './marketplace.mts';
import { routeName, routes, type Access, type Route } from './routes.mts';
import { Script, type FaultInit, type Hook, type HookOptions } from './script.mts';
import { listen, type Parts } from './server.mts';
import { ServiceKey } from './serviceKey.mts';
import { Sessions } from './sessions.mts';
import { Strangers } from './strangers.mts';
import { defaultStyle, Wire, type WireStyle } from './wire.mts';
import {
	copyOf,
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

export type { Authorization, PaymentReport } from './authorizations.mts';
export type { Call } from './calls.mts';
export type { Contract } from './contract.mts';
export { deviations, type Deviation } from './deviations.mts';
export type { DeploymentName } from './deployments.mts';
export type { Activity, ActivityStatus, ActivityType, PaymentStatus } from './payments.mts';
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
	PaymentKey,
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

	/** What agents asked to pay, in order. */
	readonly authorizations: readonly Authorization[];
	/** What agents reported of their payments, in order. */
	readonly paymentReports: readonly PaymentReport[];
	/** Of the key that signs beside an agent: another one in each run. */
	serviceKeyAddress(): Promise<string>;

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

	/** Forgets everything, keys too, and begins again under a contract: faster than another one. */
	startOver(contract?: Contract): void;
	close(): Promise<void>;
}

/** Every route, relative to the base where those who can call it do. */
export const handledRoutes: ReadonlyArray<Pick<Route, 'method' | 'path'> & { access: Access }> =
	routes.map(({ method, path, access = 'user' }) => ({ method, path, access }));

/** All that a new service knows: nothing but a key. */
function partsOf({
	deployment = 'sandbox',
	clock = Date.now,
	latencyMs = 0,
	wire,
	contract: first = {},
}: EmulatorOptions): Parts {
	const world = new World(deployment, clock);
	const contract = new ContractLayer();
	contract.set(first);
	const serviceKey = new ServiceKey();
	const sessions = new Sessions(clock, deployments[deployment].origin);
	sessions.endedStatus = contract.endedSession;
	return {
		world,
		wire: new Wire({ ...defaultStyle, ...wire }),
		keyring: new Keyring(deployment),
		sessions,
		endpoints: new HostedEndpoints(clock),
		marketplace: new Marketplace(clock),
		approvals: new Approvals(world),
		authorizations: new Authorizations(deployments[deployment], world, serviceKey),
		serviceKey,
		script: new Script(routes.map(routeName)),
		strangers: new Strangers(),
		contract,
		calls: [],
		complaints: [],
		latencyMs,
	};
}

export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const { deployment = 'sandbox', port = 0 } = options;
	const parts = partsOf(options);
	let apiKey = parts.keyring.create(MAIN_USER);
	const server = await listen(parts, port);
	const origin = `http://127.0.0.1:${server.port}`;

	return {
		deployment,
		chain: deployments[deployment].chain,
		usdcContract: deployments[deployment].usdcContract,
		origin,
		baseUrl: `${origin}/v1`,
		agentBaseUrl: `${origin}/api/v1`,
		get apiKey() {
			return apiKey;
		},
		get wire() {
			return parts.wire.style;
		},
		now: () => parts.world.clock(),

		createApiKey: ({ owner = MAIN_USER, label } = {}) => parts.keyring.create(owner, label),
		revokeApiKey: (key) => parts.keyring.revoke(key),
		setSessionLifetime: (ms) => {
			parts.sessions.lifetimeMs = ms;
		},
		expireSessions: (status = parts.contract.endedSession) => {
			parts.sessions.endedStatus = status;
			parts.sessions.expire();
		},
		sessionTokens: () => parts.sessions.tokens(),

		addAgent: (init) => copyOf(parts.world.addAgent(init)),
		removeAgent: (ref) => parts.world.removeAgent(ref),
		agent: (ref) => copyOf(parts.world.get(ref).agent),
		agents: (owner = MAIN_USER) => parts.world.agentsOf(owner).map(copyOf),
		updateAgent: (ref, patch) => parts.world.updateAgent(ref, patch),

		hostedEndpoints: (ref) =>
			structuredClone(parts.endpoints.of(parts.world.get(ref).agent.address)),
		addHostedEndpoint: (ref, id, input) =>
			structuredClone(parts.endpoints.add(parts.world.get(ref).agent.address, id, input)),
		addListing: (init) => structuredClone(parts.marketplace.add(init)),
		addApproval: (token, input) => {
			parts.approvals.request(input, token);
		},
		undecided: () => parts.approvals.undecided(),
		decide: (token, status, ref) =>
			parts.approvals.decide(token, status, ref && parts.world.get(ref).agent.address),

		get authorizations() {
			return parts.authorizations.all();
		},
		get paymentReports() {
			return parts.authorizations.reports();
		},
		serviceKeyAddress: () => parts.serviceKey.address(),

		pay: (payment) => ({ ...parts.world.pay(payment) }),
		setStatus: (id, status, paymentStatus) => ({
			...parts.world.setStatus(id, status, paymentStatus),
		}),
		seedActivity: (ref, count, details = () => ({}), seedOptions = {}) =>
			parts.world.seed(ref, count, details, seedOptions),

		get calls() {
			return parts.calls;
		},
		clearCalls: () => {
			parts.calls.length = 0;
		},

		fault: (fault) => parts.script.fault(fault),
		before: (route, hook, hookOptions) => parts.script.hook('before', route, hook, hookOptions),
		after: (route, hook, hookOptions) => parts.script.hook('after', route, hook, hookOptions),
		expectUnknown: (path, method) => parts.strangers.expect(path, method),
		setContract: (to) => {
			parts.contract.set(to);
			parts.sessions.endedStatus = parts.contract.endedSession;
		},
		allowUnserved: () => {
			parts.strangers.allowsUnserved = true;
		},
		assertClean: () => {
			const all = [
				...parts.strangers.complaints(),
				...parts.script.complaints(),
				...parts.complaints,
			];
			if (all.length > 0) throw new Error(`The emulator is not clean:\n- ${all.join('\n- ')}`);
		},

		startOver: (contract = {}) => {
			Object.assign(parts, partsOf({ ...options, contract }));
			apiKey = parts.keyring.create(MAIN_USER);
		},
		close: () => server.close(),
	};
}
