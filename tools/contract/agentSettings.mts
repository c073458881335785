import { newAddress } from './agentKeys.mts';
import { change } from './change.mts';
import type { Caller, Check } from './check.mts';
import { isOk } from './judge.mts';
import { settings } from './reads.mts';
import { settleSaved, settleShown } from './saved.mts';
import { listOf } from './shapes.mts';

type Params = { address: string };

/** Settings of an agent that has none. */
export async function settleUnset(check: Check, user: Caller, params: Params): Promise<void> {
	for (const name of settings) {
		const answer = await check.ask(user, name, { params, canBeUnset: true });
		const { status } = answer;
		if (status !== 404 && !isOk(answer)) continue;
		const verdict = status === 404 ? 'fits' : 'differs';
		check.fact(user, name, {
			part: 'answer',
			subject: 'nothing is set',
			assumed: 'HTTP 404',
			found: `HTTP ${status}`,
			verdict,
			change: verdict === 'differs' ? `api/agentSettings.ts: HTTP ${status} for none set` : '',
		});
	}
}

async function writeAllowlist(check: Check, user: Caller, params: Params): Promise<void> {
	const seller = newAddress();
	const sent = { seller };
	const shownIn = (body: unknown) => ({ seller: listOf(body)?.[0] });
	const body = { authorized_sellers: [seller] };
	const replaced = await change(check, user, 'replaceAllowlist', { params, body });
	const list = await check.ask(user, 'getAllowlist', { params });
	if (isOk(replaced)) {
		const hasList = listOf(replaced.body) !== undefined;
		const answered = { ...replaced, body: hasList ? shownIn(replaced.body) : undefined };
		settleShown(check, user, 'replaceAllowlist', sent, answered);
		if (isOk(list)) settleSaved(check, user, 'getAllowlist', sent, shownIn(list.body));
	}
	await change(check, user, 'replaceAllowlist', { params, body: { authorized_sellers: [] } });
}

/** Sets an agent's allowlist, limits and auto-collect, and reads them back. */
export async function writeSettings(check: Check, user: Caller, address: string): Promise<void> {
	const params = { address };
	await writeAllowlist(check, user, params);
	const limits = {
		auto_topup_allowed: false,
		daily_limit: '2000000',
		monthly_limit: null,
		per_transaction_limit: '500000',
	};
	const collect = {
		enabled: false,
		target_address: newAddress(),
		threshold: '5000000',
		minimum_remaining: null,
	};
	const both = [
		['setSpendingLimit', 'getSpendingLimit', limits],
		['setAutoCollect', 'getAutoCollect', collect],
	] as const;
	for (const [set, get, sent] of both) {
		const written = await change(check, user, set, { params, body: sent });
		const canBeUnset = !isOk(written);
		const read = await check.ask(user, get, { params, canBeUnset });
		if (!isOk(written)) continue;
		settleShown(check, user, set, sent, written);
		if (isOk(read)) settleSaved(check, user, get, sent, read.body);
	}
}
