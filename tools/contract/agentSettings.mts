import { newAddress } from './agentKeys.mts';
import { change } from './change.mts';
import type { Caller, Check } from './check.mts';
import { isOk } from './judge.mts';
import { settings } from './reads.mts';
import { settleSaved, settleShown } from './saved.mts';
import { listOf } from './shapes.mts';

type Params = { address: string };

const limits = {
	auto_topup_allowed: false,
	daily_limit: '2000000',
	monthly_limit: null,
	per_transaction_limit: '500000',
};

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
		const read = shownIn(list.body);
		settleSaved(check, user, 'getAllowlist', { sent, read, answer: list });
	}
	const none = { params, body: { authorized_sellers: [] } };
	const cleared = await change(check, user, 'replaceAllowlist', none);
	if (!isOk(cleared)) return;
	const answer = await check.ask(user, 'getAllowlist', { params });
	settleSaved(check, user, 'replaceAllowlist', {
		subject: 'an empty list is read',
		sent: { sellers: 0 },
		read: { sellers: listOf(answer.body)?.length },
		answer,
	});
}

/** Sets an agent's allowlist, limits and auto-collect, and reads them back. */
export async function writeSettings(check: Check, user: Caller, address: string): Promise<void> {
	const params = { address };
	await writeAllowlist(check, user, params);
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
		const read = await check.ask(user, get, { params, canBeUnset: true });
		if (!isOk(written)) continue;
		settleShown(check, user, set, sent, written);
		settleSaved(check, user, get, { sent, read: read.body, answer: read });
	}
}

/** Settings with which an agent can be created. */
export const newSettings = () => ({ spend_config: limits, authorized_sellers: [newAddress()] });

/** Reads back the settings with which an agent was created. */
export async function settleCreated(
	check: Check,
	user: Caller,
	address: string,
	{ spend_config, authorized_sellers: [seller] }: ReturnType<typeof newSettings>,
): Promise<void> {
	const params = { address };
	const answer = await check.ask(user, 'getSpendingLimit', { params, canBeUnset: true });
	const subject = 'spend_config that was sent';
	const saved = { subject, sent: spend_config, read: answer.body, answer };
	settleSaved(check, user, 'createAgent', saved);
	const list = await check.ask(user, 'getAllowlist', { params });
	settleSaved(check, user, 'createAgent', {
		subject: 'authorized_sellers that were sent',
		sent: { seller },
		read: { seller: listOf(list.body)?.[0] },
		answer: list,
	});
}
