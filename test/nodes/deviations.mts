/**
 * Services that differ from the documented one. Whatever the nodes do there, they return what they
 * return from the documented one, or stop with a message that can be used.
 */
import './quiet.mts';

import { afterAll } from '@jest/globals';

import { toCamel } from '../../tools/emulator/answers.mts';
import {
	deviations,
	startEmulator,
	handledRoutes,
	type Agent,
	type Call,
	type Contract,
	type Deviation,
	type Emulator,
	type PaymentDetails,
} from '../../tools/emulator/index.mts';
import { addressOfKey, LOGIN, newPrivateKey } from './agentSession.mts';

/** Whole seconds, so that no unit of time loses anything. */
export const NOW = Math.floor(Date.now() / 1000) * 1000;

const addressAt = (place: number) => `0x${place.toString(16).padStart(40, '0')}`;

export const [BUYER, PLAIN, KEY, OTHER_KEY, NEW_KEY] = [1, 2, 3, 4, 5].map(addressAt) as [
	string,
	string,
	string,
	string,
	string,
];
export const [SELLER, OTHER_SELLER, NEW_SELLER] = [6, 7, 8].map(addressAt) as [
	string,
	string,
	string,
];

/** With which the buyer logs in. */
export const PRIVATE_KEY = newPrivateKey();
const SESSION_KEY = addressOfKey(PRIVATE_KEY);

export const ENDPOINT = 'an-endpoint';
export const LISTING = 'a-listing';
/** Of an approval that the owner has given. */
export const TOKEN = 'a-token';

/** More than fit on a page, and more payments. */
const AGENTS = 210;
const PAYMENTS = 230;

function seedOffers(service: Emulator): void {
	service.addListing({ id: LISTING, name: 'Weather' });
	service.addHostedEndpoint(BUYER, ENDPOINT, {
		name: 'Weather',
		price_usd: 0.25,
		proxy_url: 'https://api.example.com/weather',
		description: 'By city',
		instructions: { markdown: '# Call it' },
		proxy_headers: { 'X-Api-Key': 'a secret' },
		required_headers: { 'X-City': '' },
	});
	service.addApproval(TOKEN, {
		mode: 'connect',
		session_key_address: OTHER_KEY,
		agent_address: PLAIN,
	});
	service.decide(TOKEN, 'resolved');
}

function seed(service: Emulator): void {
	const createdAt = NOW - 1_000_000;
	service.addAgent({
		address: BUYER,
		name: 'buyer',
		createdAt,
		balanceMicro: 12_500_000n,
		keys: [
			{ address: KEY, name: 'first' },
			{ address: OTHER_KEY, name: 'second' },
			{ address: SESSION_KEY, name: 'of the session' },
		],
		allowlist: [SELLER, OTHER_SELLER],
		spendConfig: { daily_limit: '5000000', monthly_limit: null, per_transaction_limit: '0' },
		autoCollect: { enabled: true, target_address: SELLER, threshold: '7000000' },
	});
	service.addAgent({ address: PLAIN, name: 'plain', createdAt, keys: [KEY] });
	for (let i = 2; i < AGENTS; i++)
		service.addAgent({ address: addressAt(1000 + i), name: `agent ${i}`, createdAt, keys: [KEY] });
	seedOffers(service);
	const newest = NOW - 60_000;
	const detailsOf = (i: number): PaymentDetails => ({
		type: i % 3 === 0 ? 'earn' : 'spend',
		status: i % 3 === 0 ? 'received' : 'settled',
		amountMicro: BigInt(1_000_000 + i),
		counterparty: SELLER,
		txHash: `0x${i.toString(16).padStart(64, '0')}`,
	});
	service.seedActivity(BUYER, PAYMENTS, detailsOf, { newest });
}

/** What came of a run. */
export interface Result {
	items: unknown[];
	error?: { message: string; description?: string | null; httpCode?: string | null };
	/** Whether the node has said that something is missing, so that it can be null. */
	isNoted: boolean;
	/** Everything that n8n keeps of it. */
	kept: unknown;
	/** What must not be kept. */
	secrets: string[];
}

/** Something that a node does. */
export interface Subject {
	name: string;
	/** @param ending how the agent's sessions end, if they do */
	run(service: Emulator, ending?: Ending): Promise<Result>;
	/** Deviations under which it shows less, as it's meant to. */
	tolerated?: RegExp;
	/** What is wrong besides what is wrong with any subject. */
	complaintOf?(seen: Seen): string | undefined;
}

/** The session from before the run has ended. */
export interface Ending {
	/** The new one ends, too, once this route has answered. */
	after: string;
}

export interface Seen extends Pick<Result, 'error' | 'isNoted'> {
	/** Without what is random, like the state. */
	items: unknown[];
	/** Of the service, after the run. */
	state: unknown;
	isChanged: boolean;
	isSecretKept: boolean;
	calls: readonly Call[];
	/** Routes that were called. */
	routes: Set<string>;
	/** Those of them that answered with a 2xx. */
	answered: string[];
	logIns: number;
}

const known = new Set([BUYER, PLAIN, KEY, OTHER_KEY, NEW_KEY, SELLER, OTHER_SELLER, NEW_SELLER]);
known.add(SESSION_KEY.toLowerCase());

/** Without what differs between two runs. */
function comparable(value: unknown): unknown {
	const text = JSON.stringify(value, (name, one: unknown) =>
		['userId', 'nonce', 'initData', 'id', 'pairedItem', 'raw'].includes(name) ? undefined : one,
	);
	const addresses = text.replace(/0x[0-9a-fA-F]{40}\b/g, (address) =>
		known.has(address.toLowerCase()) || /^0x0{30}/.test(address) ? address : '0xnew',
	);
	// The time in a file's name is n8n's; ids, tokens and secrets are random.
	return JSON.parse(
		addresses
			.replace(/127\.0\.0\.1:\d+/g, 'host')
			.replace(/\bwhsec_[\w-]+/g, 'secret')
			.replace(/(?<![\w-])[\w-]{32}(?![\w-])/g, 'token')
			.replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ/g, 'now')
			.replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'id'),
	);
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

const byText = (one: unknown, other: unknown) =>
	JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

const [ASK_NONCE = '', LOG_IN = ''] = LOGIN;

/** The first route that needs a session. */
const firstOf = (routes: Set<string>) =>
	[...routes].find((route) => ![ASK_NONCE, LOG_IN].includes(route)) ?? '';

const isNoted = ({ name, address }: Agent) => address === BUYER || !/^agent \d/.test(name);
const stateOf = (service: Emulator) => ({
	agents: service.agents().filter(isNoted),
	endpoints: service.hostedEndpoints(BUYER),
	undecided: service.undecided(),
});

let running: Emulator | undefined;

/** A new service, seeded. One server takes all of them in turn: starting it is what takes time. */
async function serviceUnder(contract: Contract): Promise<Emulator> {
	// The node remembers of a base URL how it counts pages and rows.
	if (contract.firstPage !== undefined || contract.totalOfPage !== undefined) {
		await running?.close();
		running = undefined;
	}
	running ??= await startEmulator({ clock: () => NOW });
	running.startOver(contract);
	seed(running);
	running.allowUnserved();
	return running;
}

afterAll(async () => await running?.close());

/** @param ending how the agent's sessions end, if they do */
async function seenWith({ run }: Subject, contract: Contract, ending?: Ending): Promise<Seen> {
	const service = await serviceUnder(contract);
	const before = stateOf(service);
	const { items, kept, secrets, ...result } = await run(service, ending);
	service.assertClean();
	const [text, after] = [JSON.stringify(kept), stateOf(service)];
	const called = service.calls.flatMap(({ route }) => route ?? []);
	return {
		...result,
		items: (comparable(items) as unknown[]).toSorted(byText),
		isChanged: !isSame(before, after),
		state: comparable(after),
		calls: service.calls,
		routes: new Set(called),
		answered: service.calls.flatMap(({ route, status }) =>
			route !== null && status !== null && status < 300 ? route : [],
		),
		logIns: called.filter((route) => route === LOG_IN).length,
		isSecretKept: secrets.some((secret) => text.includes(secret)),
	};
}

/**
 * Here nothing tells a service that differs from one with another value: a 404 of settings means
 * that none are set (SDK), and the hint says what it can mean besides.
 */
const undetected = new Set([
	...['auto-collect-config', 'spend-config'].flatMap((settings) =>
		['{address}', 'self'].flatMap((agent) =>
			['404', '404 with a page'].map(
				(reply) => `GET /agents/${agent}/${settings} answers ${reply}`,
			),
		),
	),
	'POST /agents/{address}/keys takes name for key_name',
	'amounts are in USDC',
]);

/** Those that can be told from another value. */
export const detected = deviations.filter(({ name }) => !undetected.has(name));

const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
const ofUsers = new Set(handledRoutes.filter(({ access }) => access === 'user').map(nameOf));
const isOfUsers = ({ route }: Call) => route === null || ofUsers.has(route);
const isPage = ({ route }: Call) => /^GET .*\/activity$/.test(route ?? '');
const isPart = ({ route }: Call) => /^GET .*\/(?:agents|keys|activity)$/.test(route ?? '');

/**
 * Which calls a part of a contract changes that names no route. Without one of them, a run is the
 * documented one again.
 */
const changes: { [Part in keyof Contract]?: (call: Call, contract: Contract) => boolean } = {
	prefix: isOfUsers,
	requestCase: (call) => isOfUsers(call) && call.body !== undefined,
	answerCase: isOfUsers,
	firstPage: isPage,
	largestPage: isPart,
	ignoredQuery: ({ query }, { ignoredQuery = [] }) => ignoredQuery.some((name) => name in query),
};

/** Whether a deviation concerns a run; one that names no route can concern all. */
function isAbout({ contract }: Deviation, { calls, routes }: Seen): boolean {
	if (isEnding(contract)) return routes.has(LOG_IN);
	const [part] = Object.keys(contract) as Array<keyof Contract>;
	const isChanged = part && changes[part];
	if (isChanged) return calls.some((call) => isChanged(call, contract));
	const named = (Object.values(contract) as object[]).flatMap((part) =>
		Array.isArray(part) ? (part as string[]) : Object.keys(Object(part)),
	);
	const about = named.filter((name) => /^[A-Z]+ \//.test(name));
	return about.length === 0 || about.some((name) => routes.has(name));
}

const isEnding = ({ endedSession }: Contract) => endedSession !== undefined;

/** What is made of statuses and directions: a new one moves no money, and a note says so. */
const MOVED =
	/^(?:moved|unclear|compared|isSpent|dailyUsed|dailyRemaining|monthlyUsed|monthlyRemaining)/;

/** Without the fields whose value is new in the service, or made of it, if a note says so. */
function withoutNewValues(items: unknown, { contract }: Deviation, isNoted: boolean): unknown {
	const values = Object.assign({}, ...Object.values(contract.values ?? {})) as object;
	const isMoneyNew = isNoted && ('type' in values || 'status' in values);
	// A file has them too, and the totals beside it.
	const names = Object.keys(values).flatMap((name) => [name, toCamel(name)]);
	const isShort = Object.values(contract.writeAnswers ?? {}).includes('added');
	const changed = new Set([
		...(names.length > 0 ? [...names, 'file', 'totals', 'raw', 'event', 'eventId'] : []),
		// A write that answers with what was sent has no times.
		...(isShort ? ['createdAt', 'updatedAt'] : []),
	]);
	return JSON.parse(
		JSON.stringify(items, (name, value: unknown) =>
			changed.has(name) ||
			('type' in values && name === 'direction') ||
			(isMoneyNew && MOVED.test(name))
				? undefined
				: value,
		),
	);
}

/** Whether each of these is one of those, and none comes twice. */
function isPartOf(some: unknown[], all: unknown[], isNoted: boolean): boolean {
	const left = [...all];
	return some.every((one) => {
		const at = left.findIndex((other) => holds(one, other, isNoted));
		return at >= 0 && left.splice(at, 1).length > 0;
	});
}

/** Whether everything that is wanted is there. @param isNoted whether something can be null */
function holds(got: unknown, wanted: unknown, isNoted: boolean): boolean {
	if (isNoted && got === null) return true;
	if (typeof wanted !== 'object' || wanted === null) return got === wanted;
	if (typeof got !== 'object' || got === null) return false;
	const hasLength = !Array.isArray(wanted) || wanted.length === (got as unknown[]).length;
	return (
		hasLength &&
		Object.entries(wanted).every(([name, value]) => holds(Reflect.get(got, name), value, isNoted))
	);
}

const CRASH = /undefined|\[object|NaN|Cannot read|not a function|not iterable/;
/** What a message says of a change that wasn't made, or can't be known to be. */
const NOT_MADE = /was not made|nothing was (?:changed|sent)|may have been made/i;
/** What a message says of a change that was made. */
const MADE = /may have been made|was accepted/;

/** What is wrong with what a message says of a change. */
function complaintOfOutcome(text: string, seen: Seen, documented: Seen): string | undefined {
	if (seen.isChanged && !MADE.test(text)) return 'a change is not reported';
	const isWrite = [...documented.routes].some((route) => !/^GET |\/auth\//.test(route));
	// Some requests leave everything as it is, such as a test.
	const isSaid = NOT_MADE.test(text) || (!documented.isChanged && MADE.test(text));
	return isWrite && !seen.isChanged && !isSaid ? 'nothing says what was changed' : undefined;
}

/** What a message says where the answer doesn't fit: the place, or what came instead. */
const PLACE =
	/is missing|unexpected format|is not an?\b|instead of (?:JSON|an object)|came back|another agent/;

/** What a message names, by the status of the answer. */
const NAMED: Record<string, RegExp> = {
	308: /redirect/,
	403: /allowed to|needs no credential/,
	404: /Base URL|this path|route/,
	405: /doesn't take [A-Z]+ /,
	501: /doesn't take [A-Z]+ /,
	200: PLACE,
	204: PLACE,
};

/** The methods that a deviation names in `Allow`. */
function allowedBy({ verbs = {}, instead = {} }: Contract): string[] {
	const replies = Object.values(instead).flatMap(({ headers }) => headers?.allow ?? []);
	return [...Object.values(verbs), ...replies];
}

/** The names of a deviation that a 400 has for what was sent. */
const fieldsOf = ({ requestNames = {} }: Contract): string[] =>
	Object.values(requestNames).flatMap((names) => Object.values(names));

/** What a message about one deviation doesn't name. */
function unnamedIn(text: string, status: string, { part, contract }: Deviation) {
	if (part === 'body' && contract.requestNames && status === '400') {
		return fieldsOf(contract).some((name) => text.includes(name)) ? undefined : 'no field';
	}
	const allowed = allowedBy(contract);
	const isQuoted = allowed.some((method) => new RegExp(`It takes .*${method}`).test(text));
	if (status === '405' && allowed.length > 0 && !isQuoted) return 'no allowed method';
	return NAMED[status]?.test(text) === false ? `no part (HTTP ${status})` : undefined;
}

/** What is wrong with what was seen; undefined if nothing is. */
function complaintAbout(seen: Seen, documented: Seen, deviation: Deviation): string | undefined {
	const { error } = seen;
	if (seen.isSecretKept) return 'a secret is kept';
	if (isEnding(deviation.contract)) {
		if (error) return 'no new login';
		// Each session ends once.
		if (seen.logIns > 2) return 'too many logins';
	}
	const [got, wanted] = [seen.items, documented.items].map(
		(items) => withoutNewValues(items, deviation, seen.isNoted) as unknown[],
	) as [unknown[], unknown[]];
	if (!error) {
		if (!holds(got, wanted, seen.isNoted)) return 'another value';
		return isSame(seen.state, documented.state) ? undefined : 'something else is written';
	}
	if (!isPartOf(got, wanted, seen.isNoted)) return 'another value, and an error';
	const text = `${error.message} ${String(error.description ?? '')}`;
	if (CRASH.test(text)) return 'a crash';
	if (String(error.description ?? '').length < 20) return 'no advice';
	const unnamed = unnamedIn(text, String(error.httpCode ?? ''), deviation);
	return complaintOfOutcome(text, seen, documented) ?? unnamed;
}

/** By subjects. */
const documentedRuns = new Map<Subject, Seen>();

async function documentedRunOf(subject: Subject): Promise<Seen> {
	const seen = documentedRuns.get(subject) ?? (await seenWith(subject, {}));
	if (seen.error) throw new Error(`${subject.name}: ${seen.error.message}`);
	documentedRuns.set(subject, seen);
	return seen;
}

/** What is wrong under one deviation; undefined if nothing is. */
export async function complaintUnder(
	subject: Subject,
	deviation: Deviation,
): Promise<string | undefined> {
	const documented = await documentedRunOf(subject);
	if (subject.tolerated?.test(deviation.name)) return undefined;
	const { contract } = deviation;
	const ending = isEnding(contract) ? { after: firstOf(documented.routes) } : undefined;
	const seen = await seenWith(subject, contract, ending);
	return complaintAbout(seen, documented, deviation) ?? subject.complaintOf?.(seen);
}

/** What is wrong under each deviation, by its name. */
export async function complaintsOf(subject: Subject): Promise<Record<string, string>> {
	const complaints: Record<string, string> = {};
	const documented = await documentedRunOf(subject);
	for (const deviation of detected.filter((one) => isAbout(one, documented))) {
		const complaint = await complaintUnder(subject, deviation);
		if (complaint !== undefined) complaints[deviation.name] = complaint;
	}
	return complaints;
}
