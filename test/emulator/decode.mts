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

const bodies = {
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

export function decodeBody<K extends keyof Bodies>(shape: K, body: unknown): Bodies[K] {
	const issues: Issue[] = [];
	const decoder: Decoder<unknown> = bodies[shape];
	const value = decoder.decode(body, [], issues);
	if (issues.length > 0) throw notDecodable('body', issues);
	return value as Bodies[K];
}

/** Every path parameter of this API is an address. */
export function decodePath(params: Record<string, string>): void {
	const issues: Issue[] = [];
	for (const [name, value] of Object.entries(params)) address.decode(value, [name], issues);
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
