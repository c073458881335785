import { valueOf, type Caller, type Check, type Input } from './check.mts';
import { isOk, shownStatus } from './judge.mts';
import { numberIn, textIn } from './json.mts';
import type { RouteName } from './known.mts';
import { readList, type Paging } from './paging.mts';
import { kindOf, rowsIn } from './shapes.mts';
import { orderOf, ratioOf, timeUnitOf, unitsMs } from './units.mts';

type Row = Record<string, unknown>;

/** As the package reads them: `api/lists/offsetPages.ts`, `api/lists/walk.ts`. */
export const offsetPaging: Paging = { by: 'offset', first: 0, size: 100, total: 'total' };
const activityPaging: Paging = { by: 'page', first: 1, size: 200, total: 'totalCount' };

/** Digits, or a date. */
function timeIn(row: Row, field: string): number {
	const value = valueOf(row, field);
	const isDate = kindOf(value) === 'date as text';
	return isDate ? Date.parse(String(value)) : numberIn(value);
}

/** @param isAssumed whether anything in the package rests on the order */
export function settleOrder(
	check: Check,
	caller: Caller,
	name: RouteName,
	times: number[],
	isAssumed = true,
): void {
	const order = orderOf(times.filter((time) => Number.isFinite(time)));
	const verdict =
		order === undefined || !isAssumed ? 'unknown' : order === 'newest first' ? 'fits' : 'differs';
	const found = order ?? `${times.length} rows, too few to see`;
	check.fact(caller, name, {
		part: 'answer',
		subject: 'order',
		assumed: isAssumed ? 'newest first' : 'not known',
		found,
		verdict,
		change: verdict === 'differs' ? `the order in which ${name} is read: ${found}` : '',
	});
}

function settleTimeUnit(check: Check, caller: Caller, rows: Row[], now: number): void {
	const units = new Set(rows.map((row) => timeUnitOf(timeIn(row, 'timestamp'), now) ?? 'other'));
	if (units.size === 0) return;
	const found = [...units].sort().join(' or ');
	const fits = [...units].every((unit) => unit === 'ms' || unit === 's');
	check.fact(caller, 'listActivity', {
		part: 'answer',
		subject: 'unit of timestamp',
		assumed: 'ms or s',
		found,
		verdict: fits ? 'fits' : 'differs',
		change: fits ? '' : `readTime in domain/time.ts: ${found}`,
	});
}

const DAY_MS = 24 * 60 * 60_000;

/** Whether the service leaves out what is older than the preset. */
async function settlePreset(
	check: Check,
	caller: Caller,
	input: Input,
	activity: Row[],
): Promise<void> {
	// The service may cut at midnight.
	const isOld = (row: Row): boolean => {
		const time = timeIn(row, 'timestamp');
		const unit = timeUnitOf(time, check.now);
		return unit !== undefined && time * unitsMs[unit] < check.now - 2 * DAY_MS;
	};
	if (!activity.some(isOld)) return;
	const query = { preset: '1d', limit: 200, page: 1 };
	const answer = await check.send(caller, 'listActivity', { ...input, query });
	const rows = isOk(answer) ? (rowsIn(answer.body) ?? []) : [];
	const isIgnored = rows.some(isOld);
	check.fact(caller, 'listActivity', {
		part: 'request',
		subject: 'preset=1d',
		assumed: 'only the last day',
		found: isIgnored ? 'older rows' : isOk(answer) ? 'no older rows' : shownStatus(answer),
		verdict: isIgnored || !isOk(answer) ? 'differs' : 'fits',
		change: isIgnored || !isOk(answer) ? 'presetCovering in domain/time.ts' : '',
	});
}

const amountOf = (row: Row): unknown => valueOf(row, 'amount_usdc_micro') ?? valueOf(row, 'amount');

/** The same payment is in both lists, by its transaction, and one of them may name the unit. */
function settleAmounts(check: Check, caller: Caller, activity: Row[], payments: Row[]): void {
	const hashOf = (row: Row): string => textIn(valueOf(row, 'tx_hash', 'hash'));
	const byHash = new Map(payments.map((row) => [hashOf(row), row]));
	const ratios = activity.flatMap((row) => {
		const payment = hashOf(row) === '' ? undefined : byHash.get(hashOf(row));
		return payment ? (ratioOf(amountOf(row), amountOf(payment)) ?? []) : [];
	});
	const all = [...new Set(ratios)].sort();
	const isSame = all.length === 1 && all[0] === 'the same number';
	const isNamed = payments.some((row) => Object.hasOwn(row, 'amount_usdc_micro'));
	const unit = isNamed ? 'micro-USDC by the name of the field' : 'no field names its unit';
	check.fact(caller, 'listActivity', {
		part: 'answer',
		subject: 'unit of amount',
		assumed: 'micro-USDC: the number of the payment with the same hash',
		found:
			all.length === 0
				? 'no payment is in both lists'
				: `${all.join(' or ')} (${ratios.length} compared; ${unit})`,
		verdict: all.length === 0 ? 'unknown' : isSame ? 'fits' : 'differs',
		change: isSame || all.length === 0 ? '' : 'wholeMicro in schemas/activity.ts: another unit',
	});
}

/** Reads transactions and payment events of an agent, and settles their units and order. */
export async function readHistory(check: Check, caller: Caller, input: Input): Promise<void> {
	const all = { ...input, query: { preset: 'all' } };
	const activity = await readList(check, caller, 'listActivity', all, activityPaging);
	await check.step(caller, 'listActivity', async () => {
		settleTimeUnit(check, caller, activity, check.now);
		const times = activity.map((row) => timeIn(row, 'timestamp'));
		// A page says more clearly than several what its own order is.
		settleOrder(check, caller, 'listActivity', times.slice(0, activityPaging.size));
		settleOrder(check, caller, 'listActivity', times);
		await settlePreset(check, caller, input, activity);
	});
	const recent = { ...input, query: { preset: '30d' } };
	let answer = await check.ask(caller, 'listPayments', recent);
	if (isOk(answer) && rowsIn(answer.body)?.length === 0 && activity.length > 0) {
		answer = await check.ask(caller, 'listPayments', all);
	}
	const payments = isOk(answer) ? (rowsIn(answer.body) ?? []) : [];
	await check.step(caller, 'listPayments', async () => {
		const times = payments.map((row) => timeIn(row, 'created_at'));
		settleOrder(check, caller, 'listPayments', times);
		settleAmounts(check, caller, activity, payments);
	});
}
