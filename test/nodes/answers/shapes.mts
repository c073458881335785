/**
 * What each answer has to be read as, written from what is known of the service and not from
 * `nodes/`: a test compares both.
 */
import type { RouteName } from './recorded.mts';

export type Json = Record<string, unknown>;

/** The value of what was sent; undefined if it can't be read. */
type Read = (sent: unknown) => unknown;

/** What a field is read as, and which fields become empty with a note. */
interface Outcome {
	value: unknown;
	lost: string[];
}

/** Undefined if the whole answer has to be rejected. */
type Field = (record: Json, name: string) => Outcome | undefined;

export type Fields = Readonly<Record<string, Field>>;

export interface Shape {
	/** Of the record, or of what stands around the rows. */
	fields: Fields;
	/** Where rows can be; a list can also be the whole answer. */
	names?: readonly string[];
	/** Whether the rows stay in their page. */
	isPage?: boolean;
	/** Of a row; a function if rows aren't records. */
	row?: Fields | Read;
	/** Whether it can be null. */
	isUnset?: boolean;
	/** Whether nothing rests on it. */
	isExtra?: boolean;
	/** Where an answer, or a row, names its agent. */
	agentAt?: readonly string[];
}

export const isJson = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** `created_at` for `createdAt`, and the other way round. */
export const otherSpelling = (name: string): string =>
	name.includes('_')
		? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
		: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What was sent by one of these names, in either spelling: the first that isn't null. */
export function sentAs(record: Json, names: readonly string[]): unknown {
	const spelled = names.flatMap((name) => [name, otherSpelling(name)]);
	const sent = spelled.filter((name) => Object.hasOwn(record, name)).map((name) => record[name]);
	return sent.find((value) => value !== null) ?? sent[0];
}

interface Emptiness {
	/** Whether the field can be missing. */
	canMiss?: boolean;
	canBeNull?: boolean;
	/** What it is where it can't be read, or is missing; by default the answer is rejected. */
	otherwise?: null | 'absent';
}

const field =
	(read: Read, { canMiss, canBeNull, otherwise }: Emptiness, also: readonly string[] = []): Field =>
	(record, name) => {
		const empty = otherwise === 'absent' ? undefined : null;
		const sent = sentAs(record, [name, ...also]);
		if (sent === undefined && canMiss) return { value: undefined, lost: [] };
		if (sent === null && canBeNull) return { value: empty, lost: [] };
		const value = sent === undefined || sent === null ? undefined : read(sent);
		if (value !== undefined) return { value, lost: [] };
		return otherwise === undefined ? undefined : { value: empty, lost: [name] };
	};

const must = (read: Read, ...also: string[]) => field(read, {}, also);
const orNull = (read: Read) => field(read, { canBeNull: true });
const orMissing = (read: Read) => field(read, { canMiss: true });
const orNeither = (read: Read) => field(read, { canMiss: true, canBeNull: true });
/** Null if it can't be read. */
const extra = (read: Read) => field(read, { canBeNull: true, otherwise: null });
/** The same, or not there at all. */
const extraOrMissing = (read: Read, ...also: string[]) =>
	field(read, { canMiss: true, canBeNull: true, otherwise: null }, also);

const textOf =
	(pattern: RegExp): Read =>
	(sent) =>
		typeof sent === 'string' && pattern.test(sent) ? sent : undefined;

const anyText = textOf(/^/);
const text = textOf(/[^]/);
const address = textOf(/^0x[0-9a-fA-F]{40}$/);
const micro = textOf(/^\d+$/);
/** What is left is less than nothing where a limit was lowered. */
const signedMicro = textOf(/^-?\d+$/);
const bool: Read = (sent) => (typeof sent === 'boolean' ? sent : undefined);
const number: Read = (sent) => (typeof sent === 'number' ? sent : undefined);
const count: Read = (sent) => (typeof sent === 'number' && sent >= 0 ? sent : undefined);
const records: Read = (sent) => (Array.isArray(sent) && sent.every(isJson) ? sent : undefined);
const list =
	(read: Read): Read =>
	(sent) =>
		Array.isArray(sent) && sent.every((one) => read(one) !== undefined) ? sent : undefined;

/** Whether a flag says yes, or may say so. */
export const isSet = (value: unknown): boolean =>
	isJson(value)
		? Object.values(value).some((one) => !isJson(one) && isSet(one))
		: !Array.isArray(value) &&
			!['', '0', 'false', 'none', 'null'].includes(String(value ?? '').toLowerCase());

/** True if the other spelling says so, too: reading on costs a request, and stopping loses rows. */
const flag: Field = (record, name) => {
	const outcome = must(bool)(record, name);
	return (
		outcome && { ...outcome, value: outcome.value === true || isSet(record[otherSpelling(name)]) }
	);
};

/** 15 digits are the most that a number always keeps. */
const exact: Read = (sent) => (Number(sent) <= Number.MAX_SAFE_INTEGER ? number(sent) : undefined);

const total = field(
	(sent) => exact(sent) ?? (textOf(/^\d{1,15}$/)(sent) === undefined ? undefined : Number(sent)),
	{ canMiss: true, canBeNull: true, otherwise: 'absent' },
);

const wholeMicro: Read = (sent) =>
	micro(sent) ?? (Number.isSafeInteger(sent) && Number(sent) >= 0 ? sent : undefined);

const price: Read = (sent) => {
	const isNumber = typeof sent === 'number' || /\S/.test(String(anyText(sent) ?? ''));
	return isNumber && Number(sent) >= 0 && Number(sent) < Infinity ? sent : undefined;
};

const link = textOf(/^https:\/\/[\w.-]+(?:[/?#]|$)|^http:\/\/127\.0\.0\.1:\d+\//);

/** Nanoseconds in each unit, by how many digits a time of this century has in it. */
const unitsOf: Readonly<Record<number, bigint>> = Object.fromEntries(
	[1_000_000_000n, 1_000_000n, 1_000n, 1n].flatMap((ns, i) =>
		[9 + 3 * i, 10 + 3 * i].map((digits) => [digits, ns]),
	),
);
const HALF_MICROSECOND = 500n;

function msOfIso(sent: string): number {
	const form = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})(Z|\+05:30)$/.exec(sent);
	if (!form) return NaN;
	const [, day = '', hour, minute, second, ms, zone] = form;
	const midnight = Date.parse(`${day}T00:00:00Z`);
	if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return NaN;
	const minutes = Number(hour) * 60 + Number(minute) - (zone === 'Z' ? 0 : 330);
	return midnight + (minutes * 60 + Number(second)) * 1000 + Number(ms);
}

/** Epoch ms of a time in any unit. */
const time: Read = (sent) => {
	const isDigits = typeof sent === 'string' && /^\d{9,19}$/.test(sent);
	const digits = isDigits || Number.isInteger(sent) ? BigInt(sent as string) : -1n;
	const unit = unitsOf[String(digits).length];
	const ofDigits =
		unit === undefined || digits < 0n
			? NaN
			: Number((digits * unit + HALF_MICROSECOND) / 1_000_000n);
	const ms = typeof sent === 'string' && !isDigits ? msOfIso(sent) : ofDigits;
	return ms >= Date.UTC(2000, 0) && ms < Date.UTC(2100, 0) ? ms : undefined;
};
const sentTime: Read = (sent) => (time(sent) === undefined ? undefined : sent);

const nested =
	(fields: Fields): Field =>
	(record, name) => {
		const sent = sentAs(record, [name]);
		if (sent === undefined || sent === null) return { value: sent, lost: [] };
		if (!isJson(sent)) return undefined;
		const read = readFields(fields, sent);
		if (!read) return undefined;
		const value = { ...sent, ...read.value };
		for (const one of Object.keys(fields)) {
			const other = otherSpelling(one);
			// It came by that name only.
			if (other !== one && sentAs(sent, [one]) === sent[other]) delete value[other];
		}
		return { value, lost: read.lost };
	};

/** Undefined if a field makes the whole answer unreadable. */
export function readFields(
	fields: Fields,
	record: Json,
): { value: Json; lost: string[] } | undefined {
	const value: Json = {};
	const lost: string[] = [];
	for (const [name, readField] of Object.entries(fields)) {
		const outcome = readField(record, name);
		if (!outcome) return undefined;
		value[name] = outcome.value;
		lost.push(...outcome.lost);
	}
	return { value, lost };
}

const times = (one: typeof extra) => ({ created_at: one(time), updated_at: one(time) });

const agent: Fields = {
	address: must(address),
	name: must(anyText),
	balance: must(anyText),
	createdAt: must(time),
	updatedAt: extra(time),
};

const agentKey: Fields = {
	address: must(address, 'agent_key_address', 'session_key_address'),
	name: extraOrMissing(anyText, 'key_name'),
	created_at: extraOrMissing(time),
};
const spendConfig: Fields = {
	agent_address: orMissing(address),
	auto_topup_allowed: must(bool),
	daily_limit: orNull(micro),
	monthly_limit: orNull(micro),
	per_transaction_limit: orNull(micro),
	daily_remaining_usdc_micro: orNeither(signedMicro),
	monthly_remaining_usdc_micro: orNeither(signedMicro),
	...times(extraOrMissing),
};

const autoCollect: Fields = {
	agent_address: orMissing(address),
	enabled: must(bool),
	target_address: orNull(address),
	threshold: must(micro),
	minimum_remaining: orNull(micro),
	...times(extraOrMissing),
};

const activity: Fields = {
	type: must(text),
	id: must(text),
	agent_address: must(address),
	receiver: extra(address),
	amount: must(wholeMicro),
	status: must(text),
	timestamp: must(sentTime),
	tx_hash: extra(anyText),
	chain_caip2id: extra(anyText),
};

/** The amount has one of two names, or both with the same value. */
const paid: Field = (record) => {
	const [named, other] = [sentAs(record, ['amount_usdc_micro']), sentAs(record, ['amount'])].map(
		(sent) => sent ?? undefined,
	);
	const isSound = [named === undefined || micro(named), other === undefined || wholeMicro(other)];
	const amounts = new Set([named, other].filter((one) => one !== undefined).map(String));
	if (isSound.includes(undefined) || amounts.size !== 1) return undefined;
	return { value: [...amounts][0], lost: [] };
};

const payment: Fields = {
	id: (record) => {
		const sent = sentAs(record, ['id']) ?? undefined;
		if (sent === undefined) return { value: undefined, lost: [] };
		const id = text(sent) ?? number(sent);
		return id === undefined ? undefined : { value: String(id), lost: [] };
	},
	seller_address: extra(address),
	amount_usdc_micro: paid,
	amount: (record, name) => paid(record, name) && { value: undefined, lost: [] },
	scheme: extra(anyText),
	status: must(text),
	tx_hash: extra(anyText),
	chain_caip2id: extra(anyText),
	created_at: must(time),
	expires_at: extra(time),
};

const hostedEndpoint: Fields = {
	id: must(text),
	agent_address: must(address),
	agent_slug: extra(anyText),
	access_url: extra(link),
	slug: extra(anyText),
	name: must(text),
	description: extra(anyText),
	price_usd: must(price),
	network: extra(anyText),
	proxy_url: must(anyText),
	proxy_timeout_ms: extra(count),
	allowed_methods: extra(list(anyText)),
	proxy_header_names: extra(list(anyText)),
	required_header_names: extra(list(anyText)),
	rate_limit_per_minute: extra(count),
	instructions: extra((sent) =>
		isJson(sent) && typeof sent.markdown === 'string' ? sent : undefined,
	),
	enabled: must(bool),
	...times(extra),
	deleted_at: orNull(time),
};

const listing: Fields = {
	id: must(text),
	name: must(text),
	description: extra(anyText),
	source: extra(text),
	enabled: must(bool),
	category: extra(text),
	tags: extra(list(anyText)),
	url: extra(link),
	logo_url: extra(link),
	docs_url: extra(link),
	ampersend_agent_address: extra(address),
	...times(extra),
	endpoints: extra(records),
	skills: extra(records),
};

const ownAddress = ['address'];
const agentAt = ['agent_address', 'agentAddress'];
const none: Fields = {};

const endpoints: Shape = {
	fields: none,
	names: ['hosted_endpoints', 'endpoints'],
	row: hostedEndpoint,
	agentAt,
};
const endpoint: Shape = { fields: hostedEndpoint, agentAt };
const listings: Shape = { fields: none, names: ['listings', 'agents'], row: listing };
const sellers: Shape = { fields: none, names: ['authorized_sellers', 'sellers'], row: address };
const page = { fields: { total }, isPage: true };

export const shapes: Readonly<Record<RouteName, Shape>> = {
	listAgents: { ...page, names: ['agents'], row: agent },
	createAgent: { fields: agent },
	getAgent: { fields: agent, agentAt: ownAddress },
	updateAgent: { fields: agent, agentAt: ownAddress, isExtra: true },
	addAgentKey: { fields: agentKey, agentAt, isExtra: true },
	listAgentKeys: { ...page, names: ['keys', 'agent_keys'], row: agentKey, agentAt },
	getAllowlist: sellers,
	replaceAllowlist: { ...sellers, isExtra: true },
	getSpendingLimit: { fields: spendConfig, isUnset: true, agentAt },
	setSpendingLimit: { fields: spendConfig, agentAt, isExtra: true },
	getAutoCollect: { fields: autoCollect, isUnset: true, agentAt },
	setAutoCollect: { fields: autoCollect, agentAt, isExtra: true },
	listActivity: {
		fields: { hasNextPage: flag, totalCount: total },
		isPage: true,
		row: activity,
		agentAt,
	},
	listPayments: { fields: none, names: ['payments'], row: payment, agentAt },
	getSelf: {
		fields: {
			address: must(address),
			name: must(anyText),
			slug: extra(anyText),
			status: must(text),
			published: extra(bool),
			registry_id: extra(anyText),
			registry_uri: extra((sent) => link(sent) ?? textOf(/^ipfs:\/\/[\w/]+$/)(sent)),
			balance_usdc_micro: must(micro),
		},
		agentAt: ownAddress,
	},
	getOwner: { fields: { user_id: must(text), wallet_address: must(address) } },
	getFundingLink: { fields: { url: must(link) } },
	searchMarketplace: listings,
	listListings: listings,
	getListing: { fields: listing },
	listHostedEndpoints: endpoints,
	createHostedEndpoint: endpoint,
	createHostedEndpoints: endpoints,
	getHostedEndpoint: endpoint,
	updateHostedEndpoint: endpoint,
	testHostedEndpoint: { fields: { status: must(number), latencyMs: extra(number) } },
	rotateSigningSecret: { fields: { signingSecret: must(text) } },
	addProxyHeader: endpoint,
	removeProxyHeader: endpoint,
	addRequiredHeader: endpoint,
	removeRequiredHeader: endpoint,
	reportPayment: { fields: { received: must(bool), paymentId: extraOrMissing(text) } },
	requestNonce: {
		fields: { nonce: must(textOf(/^[A-Za-z0-9]{8,}$/)), sessionId: must(text) },
	},
	logIn: {
		fields: {
			token: must(textOf(/^[\x21\x23-\x5b\x5d-\x7e]+$/)),
			agentAddress: must(address),
			expiresAt: must((sent) => (Date.parse(String(anyText(sent))) ? sent : undefined)),
		},
		agentAt: ['agentAddress'],
	},
	requestApproval: {
		fields: {
			token: must(textOf(/^(?!\.{1,2}$)[\w.~:=+-]+$/)),
			status_url: extra(link),
			user_approve_url: must(link),
		},
	},
	getApproval: {
		fields: {
			status: must(text),
			agent: nested({
				address: must(address),
				agent_key_address: extraOrMissing(address),
			}),
			resolved_at: extraOrMissing(anyText),
		},
	},
};
