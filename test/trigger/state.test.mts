import { describe, expect, it } from '@jest/globals';
import type { IDataObject } from 'n8n-workflow';

import {
	ACTIVITY,
	gathered,
	MINUTE,
	poll,
	rowNumbers,
	rowsOf,
	t0,
	thrownBy,
	upTo,
	useTrigger,
	type WirePage,
} from './trigger.mts';

const service = useTrigger();
const { activated, open, pay, restarted, seed } = service;

const MAX_BYTES = 256 * 1024;
const sizeOf = (state: IDataObject) => Buffer.byteLength(JSON.stringify(state));
const plain = (state: IDataObject) => JSON.parse(JSON.stringify(state)) as IDataObject;
const tooMany = /Under Test: too many payments to remember\. .* emitted for 0x\w{40}/;

/** Every value below, with the way to it. */
function* valuesOf(value: unknown, path = 'state'): Generator<[string, unknown]> {
	yield [path, value];
	if (typeof value !== 'object' || value === null) return;
	for (const [key, inner] of Object.entries(value)) yield* valuesOf(inner, `${path}.${key}`);
}

describe('the state', () => {
	it('is JSON, without anything that JSON would change or leave out', async () => {
		const seller = service.addAgent('seller');
		const removed = service.addAgent('removed');
		const trigger = await activated({
			filters: { minimumAmount: '0.001' },
			options: { maxEvents: 2 },
		});
		service.emulator.removeAgent(removed);
		seed(5, { status: 'authorized' });
		pay('s', t0, { agent: seller });
		service.failActivity({ agent: seller });
		await trigger.poll();
		const changed = restarted(trigger, { options: { maxEvents: 2 } });
		await changed.poll();
		for (const { state } of [trigger, changed]) {
			expect(Object.keys(state)).toEqual(['cursor']);
			const odd = [...valuesOf(state)].filter(
				([, value]) =>
					!(
						['string', 'boolean'].includes(typeof value) ||
						value === null ||
						Number.isFinite(value) ||
						typeof value === 'object'
					),
			);
			expect(odd).toEqual([]);
			expect(plain(state)).toEqual(state);
			expect(structuredClone(plain(state))).toEqual(plain(state));
		}
	});

	it('contains no key, no name and no address that was paid', async () => {
		const trigger = await activated();
		const { receiver } = pay('secret id', t0);
		await trigger.poll();
		const text = JSON.stringify(trigger.state);
		for (const secret of [service.emulator.apiKey, 'buyer', receiver.toLowerCase(), 'secret id']) {
			expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
		}
	});

	it('is written once in a poll that changes it, at its end', async () => {
		service.addAgent('seller');
		const trigger = open();
		const writesDuring: number[] = [];
		const note = () => {
			service.emulator.after(ACTIVITY, () => {
				writesDuring.push(trigger.writes);
			});
		};
		note();
		await trigger.poll('trigger', 'activate');
		expect(trigger.writes).toBe(1);
		seed(450);
		note();
		await trigger.poll();
		expect(trigger.writes).toBe(2);
		service.failActivity({ status: 400, times: 2 });
		await thrownBy(trigger);
		await trigger.poll();
		expect(trigger.writes).toBe(2);
		expect(writesDuring).toEqual([0, 1]);
	});

	it('survives being stored, in the middle of everything', async () => {
		let trigger = await activated();
		for (const [i, id] of ['a', 'b', 'c'].entries()) {
			pay(id, t0 + i, { status: 'authorized' });
			expect(await poll(trigger)).toEqual([`${id}:authorized`]);
			trigger = restarted(trigger);
			expect(await poll(trigger)).toBeNull();
			trigger = restarted(trigger);
		}
		service.emulator.setStatus('a', 'settled');
		expect(await poll(trigger)).toEqual(['a:settled']);
	});

	it('that n8n did not store, because nothing was new, is not needed', async () => {
		pay('a', t0);
		const trigger = await activated();
		const stored = restarted(trigger);
		for (let i = 0; i < 3; i++) expect(await poll(trigger)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(stored)).toEqual(['b:settled']);
	});
});

describe('the state of a newer release', () => {
	it.each([2, 3])('(version %s) is rejected, with what to do, and is kept', async (version) => {
		const state = { cursor: { version, something: 'else' } };
		const trigger = open({}, { state });
		for (const activation of ['activate', undefined] as const) {
			const error = await thrownBy(trigger, activation);
			expect(error.message).toContain(
				`a newer release stored the position (state version ${version}).`,
			);
			expect(error.description).toContain('Update n8n-nodes-ampersend');
			expect(error.failure).toEqual({ cause: 'configuration-invalid' });
		}
		expect(service.emulator.calls).toEqual([]);
		expect(plain(trigger.state)).toEqual(state);
	});
});

describe('an invalid state', () => {
	const whole = { version: 1, scope: 'all', since: t0, agents: {}, filter: {}, filters: [] };
	const cursor = { newest: t0, floor: 0, asOf: 0, rows: {} };
	const rubbish: Array<[string, unknown]> = [
		['text', 'rubbish'],
		['a list', []],
		['an object without a version', {}],
		['a version that is text', { version: '1' }],
		['version 0', { version: 0 }],
		['version 1 without anything', { version: 1 }],
		['version 1 without agents', { ...whole, agents: null }],
		['version 1 without a filter', { ...whole, filter: undefined }],
		['version 1 with a filter of another form', { ...whole, filter: { statuses: 'all' } }],
		['version 1 with a list of filters alone', { ...whole, filter: undefined, filters: [{}] }],
		['version 1 with an agent of another form', { ...whole, agents: { x: { newest: 'y' } } }],
		['version 1 with rows of another form', { ...whole, agents: { x: { ...cursor, rows: 1 } } }],
		['the first shape, which was never published', { version: 1, youngestAgentAt: t0, agents: {} }],
	];

	it('is not this one, the basis of the others', async () => {
		const state = {
			cursor: { ...whole, agents: { [service.buyer.address.toLowerCase()]: cursor } },
		};
		const trigger = open({}, { state });
		pay('a', t0 + 1);
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(trigger.warnings).toEqual([]);
	});

	it.each(rubbish)(
		'such as %s is replaced by a new baseline, and the log says so',
		async (_, cursor) => {
			pay('a', t0);
			const trigger = open({}, { state: { cursor: cursor as IDataObject } });
			expect(await poll(trigger)).toBeNull();
			expect(trigger.warnings).toEqual([
				"Under Test: the stored position can't be read, so the trigger takes a new baseline",
			]);
			pay('b', t0 + 1);
			expect(await poll(trigger)).toEqual(['b:settled']);
			expect(trigger.warnings).toHaveLength(1);
		},
	);

	it('is replaced by a baseline that emits no existing events again', async () => {
		pay('a', t0);
		const trigger = open({ options: { existingDays: 30 } }, { state: { cursor: 'rubbish' } });
		expect(await poll(trigger)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});

	it('does not affect what else n8n has stored for the node', async () => {
		const trigger = open({}, { state: { other: { kept: true } } });
		expect(await poll(trigger)).toBeNull();
		expect(trigger.state).toMatchObject({ other: { kept: true }, cursor: { version: 1 } });
	});
});

describe('the state stays within 256 KB', () => {
	it('with 2,000 payments in the look-back, and remembers each', async () => {
		const trigger = await activated();
		seed(2000, { everyMs: 100, newest: t0 + 200_000 });
		expect(rowNumbers(await trigger.poll())).toEqual(upTo(2000));
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(trigger.warnings).toEqual([]);
		pay('late', t0 + 1);
		expect(await poll(restarted(trigger))).toEqual(['late:settled']);
	});

	it('with 9,000 payments in the look-back: the log says so, and each comes once', async () => {
		const trigger = await activated();
		seed(9000, { everyMs: 50, newest: t0 + 450_000 });
		expect(rowNumbers(await trigger.poll())).toEqual(upTo(9000));
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(trigger.warnings.join()).toMatch(tooMany);
		const next = restarted(trigger);
		expect(await poll(next)).toBeNull();
		pay('new', t0 + 450_001);
		pay('late', t0 + 449_999);
		expect(rowsOf(await next.poll())).toEqual(['late', 'new']);
		expect(await poll(next)).toBeNull();
		expect(sizeOf(next.state)).toBeLessThanOrEqual(MAX_BYTES);
	});

	it('with 12,000 payments in one millisecond at publishing', async () => {
		seed(12_000, { everyMs: 0, newest: t0 });
		const trigger = await activated();
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(await poll(trigger)).toBeNull();
		pay('new', t0 + 1);
		expect(await poll(restarted(trigger))).toEqual(['new:settled']);
	});

	it('with 10,000 new payments in one millisecond, and each is emitted once', async () => {
		const trigger = await activated();
		seed(10_000, { everyMs: 0, newest: t0 });
		const items = await gathered(trigger, 10_000, 4);
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(rowNumbers(items)).toEqual(upTo(10_000));
		expect(trigger.warnings.join()).toMatch(tooMany);
		expect(await poll(trigger)).toBeNull();
		pay('new', t0 + 1);
		expect(await poll(restarted(trigger))).toEqual(['new:settled']);
	});

	it('with 1,000 agents that all have payments in the look-back', async () => {
		for (let i = 1; i < 1000; i++) service.addAgent(`agent ${i}`);
		const trigger = await activated();
		const agents = service.emulator.agents();
		agents.forEach((agent, i) => seed(10, { agent, newest: t0 + i * 10, everyMs: 1 }));
		const items = await trigger.poll();
		expect(items).toHaveLength(10_000);
		expect(new Set(rowsOf(items)).size).toBe(10_000);
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(trigger.warnings.join()).toMatch(tooMany);
		expect(Math.max(...trigger.warnings.map(({ length }) => length))).toBeLessThanOrEqual(1_000);
		const next = restarted(trigger);
		pay('a', t0 + MINUTE);
		pay('b', t0 + MINUTE, { agent: agents[999] });
		expect(rowsOf(await next.poll()).sort()).toEqual(['a', 'b']);
		expect(await poll(next)).toBeNull();
	});

	it('and more than 1,000 agents are rejected', async () => {
		for (let i = 0; i < 1000; i++) service.addAgent(`agent ${i}`);
		const error = await thrownBy(open(), 'activate');
		expect(error.message).toBe(
			'Agents: a trigger can watch up to 1000 agents. This account has 1001.',
		);
		expect(error.failure).toEqual({ cause: 'configuration-invalid' });
		expect(service.readings).toEqual([]);
	});

	it('with very long statuses', async () => {
		const trigger = await activated();
		seed(40);
		const changed = (page: WirePage) => ({
			...page,
			activity: page.activity.map((row) => ({
				...row,
				status: `${row.id.split(':')[1]} ${'x'.repeat(20_000)}`,
			})),
		});
		service.changePages(changed);
		const items = await trigger.poll();
		expect(rowNumbers(items)).toEqual(upTo(40));
		expect(items?.[7]?.status).toBe(`7 ${'x'.repeat(20_000)}`);
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(trigger.warnings.join()).toMatch(tooMany);
		expect(await poll(restarted(trigger))).toBeNull();
		pay('new', t0 + MINUTE);
		expect(rowsOf(await trigger.poll())).toEqual(['new']);
		expect(await poll(trigger)).toBeNull();
	});

	it('with one status that is longer than that', async () => {
		const trigger = await activated();
		pay('a', t0);
		const status = 'x'.repeat(300_000);
		service.changePages(
			(page) => ({ ...page, activity: page.activity.map((row) => ({ ...row, status })) }),
			{ times: 2 },
		);
		expect(rowsOf(await trigger.poll())).toEqual(['a']);
		expect(sizeOf(trigger.state)).toBeLessThanOrEqual(MAX_BYTES);
		expect(await poll(trigger)).toBeNull();
		pay('b', t0 + 1);
		expect(await poll(trigger)).toEqual(['b:settled']);
	});

	it('after 200 polls of a busy agent, and is no longer than after ten', async () => {
		const trigger = await activated();
		const sizes: number[] = [];
		for (let i = 0; i < 200; i++) {
			pay(`${i}`, t0 + i * 5 * MINUTE, { status: i % 2 === 0 ? 'settled' : 'failed' });
			expect(rowsOf(await trigger.poll())).toEqual([`${i}`]);
			sizes.push(sizeOf(trigger.state));
		}
		expect(sizes[199]).toBeLessThan((sizes[9] ?? 0) + 50);
	});
});
