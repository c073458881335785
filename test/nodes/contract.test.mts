/**
 * Services that differ from the documented one in one thing. Whatever an operation does there, it
 * returns what it returns from the documented one, or stops with a message that can be used.
 */
import './quiet.mts';

import { expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { resources } from '../../nodes/Ampersend/actions/registry';
import {
	deviations,
	startEmulator,
	type Agent,
	type Contract,
	type Deviation,
	type Emulator,
} from '../emulator/index.mts';
import { runNode, type Outcome } from './n8n.mts';

/** Whole seconds, so that no unit of time loses anything. */
const NOW = Math.floor(Date.now() / 1000) * 1000;

const addressAt = (place: number) => `0x${place.toString(16).padStart(40, '0')}`;

const [BUYER, PLAIN, KEY, OTHER_KEY, NEW_KEY] = [1, 2, 3, 4, 5].map(addressAt) as [
	string,
	string,
	string,
	string,
	string,
];
const [SELLER, OTHER_SELLER, NEW_SELLER] = [6, 7, 8].map(addressAt) as [string, string, string];

/** More than fit on a page, and more payments. */
const AGENTS = 210;
const PAYMENTS = 230;

function seed(emulator: Emulator): void {
	const createdAt = NOW - 1_000_000;
	emulator.addAgent({
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
	emulator.addAgent({ address: PLAIN, name: 'plain', createdAt, keys: [KEY] });
	for (let i = 2; i < AGENTS; i++)
		emulator.addAgent({ address: addressAt(1000 + i), name: `agent ${i}`, createdAt, keys: [KEY] });
	emulator.addListing({ id: 'a-listing', name: 'Weather' });
	emulator.seedActivity(BUYER, PAYMENTS, (i) => ({
		type: i % 3 === 0 ? 'earn' : 'spend',
		status: i % 3 === 0 ? 'received' : 'settled',
		amountMicro: BigInt(1_000_000 + i),
		counterparty: SELLER,
		txHash: `0x${i.toString(16).padStart(64, '0')}`,
	}));
}

const locator = (value: string, mode = 'address') => ({ __rl: true, mode, value });
const ofBuyer = { agent: locator(BUYER) };
const ofPlain = { agent: locator(PLAIN) };
const history = { agentScope: 'one', ...ofBuyer, returnAll: true };
const listing = { listing: locator('a-listing', 'id') };
const updateAllowlist = (mode: string, seller: string) => ({ ...ofBuyer, mode, sellers: seller });

/** What each operation is run with. */
const runs: Record<string, INodeParameters[]> = {
	'agent create': [
		{ name: 'new', agentKeyAddress: NEW_KEY },
		{
			name: 'buyer',
			agentKeyAddress: NEW_KEY,
			ifAgentExists: 'return',
		},
	],
	'agent get': [ofBuyer],
	'agent getApproval': [],
	'agent getMany': [{ returnAll: true }],
	'agent requestApproval': [],
	'agent update': [{ ...ofBuyer, name: 'renamed' }],
	'agentKey add': [
		{ ...ofBuyer, agentKeyAddress: NEW_KEY, additionalFields: { keyName: 'third' } },
	],
	'agentKey getApproval': [],
	'agentKey getMany': [{ ...ofBuyer, returnAll: true }],
	'agentKey requestApproval': [],
	'agentKey revoke': [{ ...ofBuyer, agentKey: locator(KEY) }],
	'allowlist get': [ofBuyer, ofPlain],
	'allowlist update': [
		updateAllowlist('add', NEW_SELLER),
		updateAllowlist('remove', SELLER),
		updateAllowlist('replace', NEW_SELLER),
	],
	'autoCollect get': [ofBuyer, ofPlain],
	'autoCollect update': [
		{ ...ofBuyer, updateFields: { threshold: '9' } },
		{
			...ofPlain,
			updateFields: { enabled: true, threshold: '9', targetAddress: SELLER, minimumRemaining: '1' },
		},
	],
	'marketplace get': [listing],
	'marketplace search': [{}],
	'paymentEvent export': [{ ...history }],
	'paymentEvent getMany': [history],
	'spendingLimit get': [ofBuyer, ofPlain],
	'spendingLimit update': [
		{ ...ofBuyer, updateFields: { dailyLimit: '9' } },
		{
			...ofPlain,
			updateFields: {
				dailyLimit: '9',
				monthlyLimit: '90',
				perTransactionLimit: '1',
				autoTopUp: false,
			},
		},
	],
	'transaction export': [history],
	'transaction getMany': [history, { ...history, returnAll: false, limit: 5 }],
	'transaction summarize': [history],
};

const operations = resources.flatMap(({ option: resource, operations: all }) =>
	all
		.filter(({ inSession }) => inSession !== 'only')
		.map(({ option }) => `${resource.value} ${option.value}`),
);

interface Case {
	name: string;
	parameters: INodeParameters;
}

const cases = Object.entries(runs).flatMap(([name, all]) => {
	const [resource = '', operation = ''] = name.split(' ');
	return all.map(
		(parameters, i): Case => ({
			name: `${name} ${i + 1}`,
			parameters: { resource, operation, simplify: false, ...parameters },
		}),
	);
});

interface Seen {
	outcome: Outcome;
	/** Without what is random. */
	items: unknown;
	before: unknown;
	agents: unknown;
	/** Whether what n8n stores holds the key. */
	isKeyKept: boolean;
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

const contentOf = ({ items }: Outcome) =>
	items.map(({ json, binary }) => ({
		json,
		file: Object.values(binary ?? {}).map(({ data }) => Buffer.from(data, 'base64').toString()),
	}));

const isNoted = ({ name, address }: Agent) => address === BUYER || !/^agent \d/.test(name);
const agentsOf = (service: Emulator) => comparable(service.agents().filter(isNoted));

async function seenWith({ parameters }: Case, contract: Contract): Promise<Seen> {
	const service = await startEmulator({ clock: () => NOW, contract });
	try {
		seed(service);
		service.allowUnserved();
		const before = agentsOf(service);
		const outcome = await runNode(parameters, {
			credential: { apiKey: service.apiKey, baseUrl: service.baseUrl },
		});
		service.assertClean();
		return {
			outcome,
			items: (comparable(contentOf(outcome)) as unknown[]).toSorted(byText),
			before,
			agents: agentsOf(service),
			routes: new Set(service.calls.map(({ route }) => route)),
			isKeyKept: JSON.stringify(outcome.run).includes(service.apiKey.slice(8)),
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

/**
 * Whether everything that is wanted is there.
 * @param isNoted whether the node has said that something is missing, so that it can be null
 */
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
	const { error } = seen.outcome;
	if (seen.isKeyKept) return 'the key is kept';
	const isChanged = !isSame(seen.agents, seen.before);
	if (!error) {
		const [got, wanted] = [seen.items, documented.items].map((items) =>
			withoutNewValues(items, deviation),
		);
		if (!holds(got, wanted, seen.outcome.hints.length > 0)) return 'another value';
		return isSame(seen.agents, documented.agents) ? undefined : 'something else is written';
	}
	const text = `${error.message} ${String(error.description ?? '')}`;
	if (CRASH.test(text)) return 'a crash';
	if (String(error.description ?? '').length < 20) return 'no advice';
	if (isChanged && !MADE.test(text)) return 'a change is not reported';
	const isWrite = [...documented.routes].some((route) => route && !route.startsWith('GET '));
	if (isWrite && !isChanged && !NOT_MADE.test(text)) return 'nothing says what was changed';
	return undefined;
}

it('every operation has a run', () => {
	expect(Object.keys(runs).sort()).toEqual(operations.toSorted());
});

/**
 * Here nothing tells a service that differs from one with another value: a 404 of settings means
 * that none are set (SDK), and the hint says what it can mean besides.
 */
const undetected = new Set([
	'GET /agents/{address}/auto-collect-config answers 404',
	'GET /agents/{address}/auto-collect-config answers 404 with a page',
	'GET /agents/{address}/spend-config answers 404',
	'GET /agents/{address}/spend-config answers 404 with a page',
	'POST /agents/{address}/keys takes name for key_name',
	'amounts are in USDC',
]);

/** An API key has no session that ends. */
const forUsers = deviations.filter(
	({ name, contract }) => contract.endedSession === undefined && !undetected.has(name),
);

it.each(cases)(
	'$name',
	async (one) => {
		const documented = await seenWith(one, {});
		expect(documented.outcome.error).toBeUndefined();
		const complaints: Record<string, string> = {};
		for (const deviation of forUsers) {
			if (!isAbout(deviation, documented.routes)) continue;
			const seen = await seenWith(one, deviation.contract);
			const complaint = complaintAbout(seen, documented, deviation);
			if (complaint !== undefined) complaints[deviation.name] = complaint;
		}
		expect(complaints).toEqual({});
	},
	120_000,
);
