/** What docs/scale.md says of a key whose quota is too small, and that its ways out are ones. */
import { describe, expect, it, jest } from '@jest/globals';

import type { TriggerUnderTest } from '../nodes/n8nCore.mts';
import { ACTIVITY, LIST, MINUTE, rowsOf, SECOND, upTo, useTrigger } from './trigger.mts';

const service = useTrigger();
const { activated, addAgent, pay } = service;

/** A full minute of the clock. */
const start = Math.ceil(Date.now() / MINUTE) * MINUTE;
const setTime = (minute: number, second: number) =>
	jest.spyOn(Date, 'now').mockReturnValue(start + minute * MINUTE + second * SECOND);

/** The service answers so many requests in a minute of the clock. */
function allow(perMinute: number, limited = [LIST, ACTIVITY]): void {
	const counts = new Map<number, number>();
	const match = () => {
		const minute = Math.floor(Date.now() / MINUTE);
		const count = (counts.get(minute) ?? 0) + 1;
		counts.set(minute, count);
		return count > perMinute;
	};
	const headers = { 'Retry-After': '30' };
	for (const route of limited)
		service.emulator.fault({ route, status: 429, headers, times: Infinity, match });
}

const pollOf = async (trigger: TriggerUnderTest) => rowsOf(await trigger.poll().catch(() => null));

describe('six triggers with one key, with requests for three of them a minute', () => {
	/** The triggers that emit within so many minutes. Each polls at its own second of its minutes. */
	async function emitting(
		triggers: TriggerUnderTest[],
		minutes: number[],
		polls: (trigger: number, minute: number) => boolean,
	): Promise<number[]> {
		const emitted = new Set<number>();
		for (const minute of minutes) {
			for (const [i, trigger] of triggers.entries()) {
				setTime(minute, 2 * i);
				if (polls(i, minute) && (await pollOf(trigger)).length > 0) emitted.add(i);
			}
		}
		return [...emitted].toSorted();
	}

	it('starve at the end of each minute, unless half of them poll in every other one', async () => {
		const triggers = [];
		for (const i of upTo(6)) triggers.push(await activated({}, { workflowId: `shared ${i}` }));
		// One more than three of them need, so that lists and pages are limited.
		allow(7);
		setTime(0, 0);
		pay('a', Date.now());
		expect(await emitting(triggers, upTo(6), () => true)).toEqual([0, 1, 2]);
		pay('b', Date.now());
		const inTurns = (trigger: number, minute: number) => trigger % 2 === minute % 2;
		expect(await emitting(triggers, [6, 7], inTurns)).toEqual(upTo(6));
	});
});

it('one trigger for six agents, with requests for three, emits of each in two polls', async () => {
	const agents = [service.buyer, ...upTo(5).map((i) => addAgent(`agent ${i}`))];
	const trigger = await activated();
	// The list is asked for first, and never limited.
	allow(3, [ACTIVITY]);
	for (const round of upTo(3)) {
		setTime(2 * round, 0);
		for (const [i, agent] of agents.entries()) pay(`${round} ${i}`, Date.now() + i, { agent });
		const rows = await pollOf(trigger);
		setTime(2 * round + 1, 0);
		rows.push(...(await pollOf(trigger)));
		expect(rows.toSorted()).toEqual(upTo(6).map((i) => `${round} ${i}`));
	}
});
