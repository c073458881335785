/**
 * Services that differ from the documented one. Whatever the nodes do there, they return what they
 * return from the documented one, or stop with a message that can be used.
 */
import './quiet.mts';

import {
	startEmulator,
	type Agent,
	type Contract,
	type Deviation,
	type Emulator,
} from '../emulator/index.mts';

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

/** More than fit on a page, and more payments. */
const AGENTS = 210;
const PAYMENTS = 230;

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
		],
		allowlist: [SELLER, OTHER_SELLER],
		spendConfig: { daily_limit: '5000000', monthly_limit: null, per_transaction_limit: '0' },
		autoCollect: { enabled: true, target_address: SELLER, threshold: '7000000' },
	});
	service.addAgent({ address: PLAIN, name: 'plain', createdAt, keys: [KEY] });
	for (let i = 2; i < AGENTS; i++)
		service.addAgent({ address: addressAt(1000 + i), name: `agent ${i}`, createdAt, keys: [KEY] });
	service.addListing({ id: 'a-listing', name: 'Weather' });
	service.seedActivity(BUYER, PAYMENTS, (i) => ({
		type: i % 3 === 0 ? 'earn' : 'spend',
		status: i % 3 === 0 ? 'received' : 'settled',
		amountMicro: BigInt(1_000_000 + i),
		counterparty: SELLER,
		txHash: `0x${i.toString(16).padStart(64, '0')}`,
	}));
}

/** What came of a run. */
export interface Result {
	items: unknown[];
	error?: { message: string; description?: string | null };
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
	run(service: Emulator): Promise<Result>;
}

export interface Seen extends Pick<Result, 'error' | 'isNoted'> {
	/** Without what is random, as all that follows. */
	items: unknown;
	/** The state of the service. */
	before: unknown;
	after: unknown;
	isSecretKept: boolean;
	/** Routes that were called. */
	routes: Set<string | null>;
}

const known = new Set([BUYER, PLAIN, KEY, OTHER_KEY, NEW_KEY, SELLER, OTHER_SELLER, NEW_SELLER]);

/** Without what differs between two runs. */
function comparable(value: unknown): unknown {
	const text = JSON.stringify(value, (name, one: unknown) =>
		['userId', 'nonce', 'initData', 'id', 'pairedItem'].includes(name) ? undefined : one,
	);
	const addresses = text.replace(/0x[0-9a-fA-F]{40}\b/g, (address) =>
		known.has(address.toLowerCase()) || /^0x0{30}/.test(address) ? address : '0xnew',
	);
	// The time in a file's name is n8n's; ids of payments are random.
	return JSON.parse(
		addresses
			.replace(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ/g, 'now')
			.replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'id'),
	);
}

const byText = (one: unknown, other: unknown) =>
	JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

const isNoted = ({ name, address }: Agent) => address === BUYER || !/^agent \d/.test(name);
const stateOf = (service: Emulator) => comparable(service.agents().filter(isNoted));

export async function seenWith({ run }: Subject, contract: Contract): Promise<Seen> {
	const service = await startEmulator({ clock: () => NOW, contract });
	try {
		seed(service);
		service.allowUnserved();
		const before = stateOf(service);
		const { items, kept, secrets, ...result } = await run(service);
		service.assertClean();
		const text = JSON.stringify(kept);
		return {
			...result,
			items: (comparable(items) as unknown[]).toSorted(byText),
			before,
			after: stateOf(service),
			routes: new Set(service.calls.map(({ route }) => route)),
			isSecretKept: secrets.some((secret) => text.includes(secret)),
		};
	} finally {
		await service.close();
	}
}

/** Whether a deviation concerns one of these routes; one that names no route concerns all. */
function isAbout({ contract }: Deviation, routes: Set<string | null>): boolean {
	const named = (Object.values(contract) as object[]).flatMap((part) =>
		Array.isArray(part) ? (part as string[]) : Object.keys(Object(part)),
	);
	const about = named.filter((name) => /^[A-Z]+ \//.test(name));
	return about.length === 0 || about.some((name) => routes.has(name));
}

/** Without the fields whose value is new in the service. */
function withoutNewValues(items: unknown, { contract }: Deviation): unknown {
	const [values = {}] = Object.values(contract.values ?? {});
	// A file has them too, and the totals beside it.
	const changed = new Set(Object.keys(values).flatMap((name) => [name, 'file', 'totals', 'raw']));
	return JSON.parse(
		JSON.stringify(items, (name, value: unknown) =>
			changed.has(name) || ('type' in values && name === 'direction') ? undefined : value,
		),
	);
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

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

const CRASH = /undefined|\[object|NaN|Cannot read|not a function|not iterable/;
/** What a message says of a change that wasn't made, or can't be known to be. */
const NOT_MADE = /was not made|nothing was changed|nothing was sent|may have been made/i;
/** What a message says of a change that was made. */
const MADE = /may have been made|was accepted/;

/** What is wrong with what was seen; undefined if nothing is. */
function complaintAbout(seen: Seen, documented: Seen, deviation: Deviation): string | undefined {
	const { error } = seen;
	if (seen.isSecretKept) return 'a secret is kept';
	const isChanged = !isSame(seen.after, seen.before);
	if (!error) {
		const [got, wanted] = [seen.items, documented.items].map((items) =>
			withoutNewValues(items, deviation),
		);
		if (!holds(got, wanted, seen.isNoted)) return 'another value';
		return isSame(seen.after, documented.after) ? undefined : 'something else is written';
	}
	const text = `${error.message} ${String(error.description ?? '')}`;
	if (CRASH.test(text)) return 'a crash';
	if (String(error.description ?? '').length < 20) return 'no advice';
	if (isChanged && !MADE.test(text)) return 'a change is not reported';
	const isWrite = [...documented.routes].some((route) => route && !route.startsWith('GET '));
	if (isWrite && !isChanged && !NOT_MADE.test(text)) return 'nothing says what was changed';
	return undefined;
}

/** What is wrong under each deviation, by its name. */
export async function complaintsOf(
	subject: Subject,
	documented: Seen,
	deviations: readonly Deviation[],
): Promise<Record<string, string>> {
	const complaints: Record<string, string> = {};
	for (const deviation of deviations) {
		if (!isAbout(deviation, documented.routes)) continue;
		const seen = await seenWith(subject, deviation.contract);
		const complaint = complaintAbout(seen, documented, deviation);
		if (complaint !== undefined) complaints[deviation.name] = complaint;
	}
	return complaints;
}
