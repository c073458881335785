import { isAddress } from './addresses.mts';
import { notDecodable, type Issue } from './problems.mts';

type Path = Issue['path'];

/** Returns the value, or adds to `issues`; the value is then never used. */
interface Decoder<T> {
	optional?: true;
	decode(value: unknown, path: Path, issues: Issue[]): T | undefined;
}

type Decoded<D> = D extends Decoder<infer T> ? T : never;

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

function check<T>(
	is: (value: unknown) => value is T,
	explain: (value: unknown) => string,
): Decoder<T> {
	return {
		decode(value, path, issues) {
			if (is(value)) return value;
			issues.push({ path, message: explain(value) });
			return undefined;
		},
	};
}

const isString = (value: unknown): value is string => typeof value === 'string';

const boolean = check(
	(value): value is boolean => typeof value === 'boolean',
	(value) => `Expected boolean, actual ${show(value)}`,
);

const trimmedText = check(
	(value): value is string => isString(value) && value !== '' && value === value.trim(),
	(value) =>
		!isString(value)
			? `Expected string, actual ${show(value)}`
			: value === ''
				? 'Expected a non empty string, actual ""'
				: `Expected a string with no leading or trailing whitespace, actual ${show(value)}`,
);

const address = check(
	(value): value is string => isString(value) && isAddress(value),
	() => 'Must be a valid Ethereum address (0x followed by 40 hex characters)',
);

/** Micro-USDC as a decimal integer string. */
const micro = check(
	(value): value is string => isString(value) && /^(0|[1-9]\d*)$/.test(value),
	(value) => `Must be a non-negative integer literal (stringified bigint), actual ${show(value)}`,
);

const number = (min: number, max: number, isAbove = false): Decoder<number> =>
	check(
		(value): value is number =>
			typeof value === 'number' && (isAbove ? value > min : value >= min) && value <= max,
		(value) => `Expected a number from ${min} to ${max}, actual ${show(value)}`,
	);

const text = check(isString, (value) => `Expected string, actual ${show(value)}`);

const oneOf = <T extends string>(...values: T[]): Decoder<T> =>
	check(
		(value): value is T => isString(value) && values.some((one) => one === value),
		(value) => `Expected ${values.map(show).join(' | ')}, actual ${show(value)}`,
	);

const recordOf = <T,>(inner: Decoder<T>): Decoder<Record<string, T>> => ({
	decode(value, path, issues) {
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
			const entries = Object.entries(value).map(([name, one]) => [
				name,
				inner.decode(one, [...path, name], issues),
			]);
			return Object.fromEntries(entries) as Record<string, T>;
		}
		issues.push({ path, message: `Expected object, actual ${show(value)}` });
		return undefined;
	},
});

const nullOr = <T,>(inner: Decoder<T>): Decoder<T | null> => ({
	decode: (value, path, issues) => (value === null ? null : inner.decode(value, path, issues)),
});

const optional = <T,>(inner: Decoder<T>): Decoder<T | undefined> => ({ ...inner, optional: true });

const arrayOf = <T,>(inner: Decoder<T>): Decoder<T[]> => ({
	decode(value, path, issues) {
		if (Array.isArray(value)) {
			return value.map((item: unknown, i) => inner.decode(item, [...path, i], issues)) as T[];
		}
		issues.push({ path, message: `Expected array, actual ${show(value)}` });
		return undefined;
	},
});

const nonEmptyArrayOf = <T,>(inner: Decoder<T>): Decoder<T[]> => ({
	decode(value, path, issues) {
		const items = arrayOf(inner).decode(value, path, issues);
		if (items?.length === 0) issues.push({ path, message: 'Expected at least 1 item, actual []' });
		return items;
	},
});

const anything: Decoder<unknown> = { decode: (value) => value };

/** The shape of an object by the text that its field `tag` has. */
const byTag = <S extends Record<string, Decoder<unknown>>>(
	tag: string,
	shapes: S,
): Decoder<Decoded<S[keyof S]>> => ({
	decode(value, path, issues) {
		const isObject = typeof value === 'object' && value !== null;
		const name = isObject ? (value as Record<string, unknown>)[tag] : undefined;
		const known = oneOf(...Object.keys(shapes)).decode(name, [...path, tag], issues);
		return known === undefined
			? undefined
			: (shapes[known]?.decode(value, path, issues) as Decoded<S[keyof S]>);
	},
});

type Fields = Record<string, Decoder<unknown>>;

const struct = <F extends Fields>(fields: F): Decoder<{ [K in keyof F]: Decoded<F[K]> }> => ({
	decode(value, path, issues) {
		if (typeof value !== 'object' || value === null || Array.isArray(value)) {
			issues.push({ path, message: `Expected object, actual ${show(value)}` });
			return undefined;
		}
		const given = value as Record<string, unknown>;
		const entries = Object.entries(fields).map(([name, field]) => {
			const at = [...path, name];
			if (given[name] !== undefined) return [name, field.decode(given[name], at, issues)];
			if (!field.optional) issues.push({ path: at, message: 'is missing' });
			return [name, undefined];
		});
		return Object.fromEntries(entries) as { [K in keyof F]: Decoded<F[K]> };
	},
});

const spendConfig = struct({
	auto_topup_allowed: boolean,
	daily_limit: nullOr(micro),
	monthly_limit: nullOr(micro),
	per_transaction_limit: nullOr(micro),
});

const methods = arrayOf(oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'));
const price = number(0, Infinity, true);
const instructions = nullOr(struct({ markdown: text }));
const proxyTimeout = number(5_000, 60_000);
const rateLimit = number(10, 10_000);

const endpointInput = struct({
	agent_address: address,
	name: trimmedText,
	price_usd: price,
	proxy_url: trimmedText,
	allowed_methods: optional(methods),
	description: optional(text),
	instructions: optional(instructions),
	proxy_headers: optional(recordOf(text)),
	proxy_timeout_ms: optional(proxyTimeout),
	rate_limit_per_minute: optional(rateLimit),
	required_headers: optional(recordOf(text)),
});

const nonEmptyText = check(
	(value): value is string => isString(value) && value !== '',
	(value) => `Expected a non empty string, actual ${show(value)}`,
);

/** An integer of any size from 0, as text. */
const wholeText = check(
	(value): value is string => isString(value) && /^\d+$/.test(value),
	(value) => `Expected a non-negative integer string, actual ${show(value)}`,
);

const version = <V extends number>(wanted: V): Decoder<V> =>
	check(
		(value): value is V => value === wanted,
		(value) => `Expected ${wanted}, actual ${show(value)}`,
	);

const caip2 = check(
	(value): value is string => isString(value) && value.includes(':'),
	(value) => `Expected a CAIP-2 network, actual ${show(value)}`,
);

const nullableRecord = optional(nullOr(recordOf(anything)));

const offerOfV1 = struct({
	scheme: nonEmptyText,
	network: nonEmptyText,
	maxAmountRequired: nonEmptyText,
	resource: nonEmptyText,
	description: text,
	mimeType: optional(text),
	outputSchema: nullableRecord,
	payTo: nonEmptyText,
	maxTimeoutSeconds: number(0, Infinity, true),
	asset: nonEmptyText,
	extra: nullableRecord,
});

const offerOfV2 = struct({
	scheme: nonEmptyText,
	network: caip2,
	amount: nonEmptyText,
	asset: nonEmptyText,
	payTo: nonEmptyText,
	maxTimeoutSeconds: number(0, Infinity, true),
	extra: nullableRecord,
});

const resource = struct({
	url: nonEmptyText,
	description: optional(text),
	mimeType: optional(text),
});

/** What a seller's 402 asks for. */
const paymentRequest = byTag('protocol', {
	'x402-v1': struct({
		protocol: oneOf('x402-v1'),
		data: struct({
			x402Version: version(1),
			error: optional(text),
			accepts: nonEmptyArrayOf(offerOfV1),
		}),
	}),
	'x402-v2': struct({
		protocol: oneOf('x402-v2'),
		data: struct({
			x402Version: version(2),
			error: optional(text),
			resource,
			accepts: nonEmptyArrayOf(offerOfV2),
			extensions: nullableRecord,
		}),
	}),
});

const signedTransfer = struct({
	signature: nonEmptyText,
	authorization: struct({
		from: address,
		to: address,
		value: wholeText,
		validAfter: wholeText,
		validBefore: wholeText,
		nonce: nonEmptyText,
	}),
});

/** What the seller is sent. */
const signedPayment = byTag('protocol', {
	'x402-v1': struct({
		protocol: oneOf('x402-v1'),
		data: struct({
			x402Version: version(1),
			scheme: nonEmptyText,
			network: nonEmptyText,
			payload: signedTransfer,
		}),
	}),
	'x402-v2': struct({
		protocol: oneOf('x402-v2'),
		data: struct({
			x402Version: version(2),
			resource: optional(resource),
			accepted: offerOfV2,
			payload: signedTransfer,
			extensions: optional(recordOf(anything)),
		}),
	}),
});

const bodies = {
	authorizePayment: struct({
		paymentRequest,
		context: optional(
			struct({
				method: optional(nonEmptyText),
				serverUrl: optional(nonEmptyText),
				params: optional(anything),
			}),
		),
	}),
	reportPayment: struct({
		id: nonEmptyText,
		payment: signedPayment,
		event: byTag('type', {
			sending: struct({ type: oneOf('sending') }),
			accepted: struct({ type: oneOf('accepted') }),
			rejected: struct({ type: oneOf('rejected'), reason: trimmedText }),
			error: struct({ type: oneOf('error'), reason: trimmedText }),
		}),
	}),
	createAgent: struct({
		agent_key_address: address,
		name: trimmedText,
		spend_config: nullOr(spendConfig),
		authorized_sellers: nullOr(arrayOf(address)),
	}),
	updateAgent: struct({ name: trimmedText }),
	addKey: struct({ agent_key_address: address, key_name: optional(trimmedText) }),
	logIn: struct({
		message: trimmedText,
		signature: trimmedText,
		sessionId: trimmedText,
		agentAddress: address,
	}),
	challenge: struct({ message: text }),
	endpointInput,
	endpointInputs: struct({ endpoints: arrayOf(endpointInput) }),
	endpointUpdate: struct({
		name: optional(trimmedText),
		price_usd: optional(price),
		proxy_url: optional(trimmedText),
		allowed_methods: optional(methods),
		description: optional(text),
		instructions: optional(instructions),
		proxy_timeout_ms: optional(proxyTimeout),
		rate_limit_per_minute: optional(rateLimit),
		enabled: optional(boolean),
	}),
	proxyHeader: struct({ name: trimmedText, value: text }),
	requiredHeader: struct({ name: trimmedText }),
	approval: struct({
		session_key_address: address,
		name: nullOr(text),
		key_name: optional(text),
		spend_config: optional(nullOr(spendConfig)),
		mode: optional(oneOf('create', 'connect', 'connect_choose')),
		agent_address: optional(address),
	}),
	allowlist: struct({ authorized_sellers: arrayOf(address) }),
	spendConfig,
	autoCollect: struct({
		enabled: boolean,
		target_address: nullOr(address),
		threshold: micro,
		minimum_remaining: nullOr(micro),
	}),
};

type Bodies = { [K in keyof typeof bodies]: Decoded<(typeof bodies)[K]> };

export type SpendConfigInput = Bodies['spendConfig'];
export type AutoCollectInput = Bodies['autoCollect'];
export type EndpointInput = Bodies['endpointInput'];
export type EndpointUpdate = Bodies['endpointUpdate'];
export type AuthorizeInput = Bodies['authorizePayment'];
export type ReportInput = Bodies['reportPayment'];
export type ApprovalInput = Bodies['approval'];

export function decodeBody<K extends keyof Bodies>(shape: K, body: unknown): Bodies[K] {
	const issues: Issue[] = [];
	const decoder: Decoder<unknown> = bodies[shape];
	const value = decoder.decode(body, [], issues);
	if (issues.length > 0) throw notDecodable('body', issues);
	return value as Bodies[K];
}

/** The other path parameters of this API are looked up as they are. */
export function decodePath(params: Record<string, string>): void {
	const issues: Issue[] = [];
	for (const [name, value] of Object.entries(params)) {
		if (/address$/i.test(name)) address.decode(value, [name], issues);
	}
	if (issues.length > 0) throw notDecodable('path', issues);
}

export type Query = Record<string, string | string[]>;

export interface WholeNumberRule {
	fallback: number;
	min: number;
	max: number;
}

export function decodeQuery<N extends string>(
	query: Query,
	rules: Record<N, WholeNumberRule>,
): Record<N, number> {
	const issues: Issue[] = [];
	const numbers: Partial<Record<N, number>> = {};
	for (const name of Object.keys(rules) as N[]) {
		const { fallback, min, max } = rules[name];
		const text = query[name];
		const value =
			text === undefined
				? fallback
				: isString(text) && /^\d{1,15}$/.test(text)
					? Number(text)
					: NaN;
		if (value >= min && value <= max) numbers[name] = value;
		else
			issues.push({
				path: [name],
				message: `Expected an integer from ${min} to ${max}, actual ${show(text)}`,
			});
	}
	if (issues.length > 0) throw notDecodable('query', issues);
	return numbers as Record<N, number>;
}

export type Preset = '1d' | '30d' | 'all';

export function decodePreset(query: Query): Preset {
	const preset = query['preset'] ?? '30d';
	if (preset === '1d' || preset === '30d' || preset === 'all') return preset;
	throw notDecodable('query', [
		{ path: ['preset'], message: `Expected "1d" | "30d" | "all", actual ${show(preset)}` },
	]);
}

/** The query as texts. @throws Problem 400 for a parameter that isn't known, or comes twice */
export function decodeTexts<N extends string>(
	query: Query,
	names: N[],
): Partial<Record<N, string>> {
	const issues = Object.entries(query).flatMap(([name, value]) =>
		isString(value) && names.some((one) => one === name)
			? []
			: [{ path: [name], message: `Unexpected ${show(value)}` }],
	);
	if (issues.length > 0) throw notDecodable('query', issues);
	return query as Partial<Record<N, string>>;
}

/** @throws Problem 400 for an amount that the service would reject */
export function decodeFunding(query: Query): { amount?: string; destination?: string } {
	const { amount, destination } = decodeTexts(query, ['amount', 'destination']);
	const isAmount = amount === undefined || /^(0|[1-9]\d*)(\.\d{1,6})?$/.test(amount);
	const isAbove0 = amount === undefined || /[1-9]/.test(amount);
	if (isAmount && isAbove0 && [undefined, 'agent', 'main'].includes(destination)) {
		return { amount, destination };
	}
	throw notDecodable('query', [{ path: ['amount'], message: `Unexpected ${show(query)}` }]);
}
