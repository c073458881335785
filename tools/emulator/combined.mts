import type { Contract } from './contract.mts';

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const isSame = (one: unknown, other: unknown): boolean =>
	JSON.stringify(one) === JSON.stringify(other);

/** What is neither absent nor the same in both; a list and a record of routes merge. */
function merged(one: unknown, other: unknown): { value: unknown } | undefined {
	if (one === undefined || isSame(one, other)) return { value: other };
	if (other === undefined) return { value: one };
	if (Array.isArray(one) && Array.isArray(other)) {
		return { value: [...new Set<unknown>([...one, ...other])] };
	}
	return isRecord(one) && isRecord(other) ? mergedRecords(one, other) : undefined;
}

function mergedRecords(one: Json, other: Json): { value: Json } | undefined {
	const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
	const fields = names.map((name) => [name, merged(one[name], other[name])] as const);
	if (fields.some(([, field]) => field === undefined)) return undefined;
	return { value: Object.fromEntries(fields.map(([name, field]) => [name, field?.value])) };
}

/** Values that are one: half of one and half of another would be a third. */
const whole = ['prefix', 'largestPage', 'times'] as const;

/** One contract that differs as all of these do; undefined if a service can't. */
export function combined(contracts: readonly Contract[]): Contract | undefined {
	let all: Json = {};
	for (const contract of contracts) {
		const isTorn = whole.some(
			(name) => name in all && name in contract && !isSame(all[name], contract[name]),
		);
		const next = isTorn ? undefined : mergedRecords(all, contract as Json);
		if (!next) return undefined;
		all = next.value;
	}
	return all as Contract;
}
