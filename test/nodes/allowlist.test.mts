import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { checksummed } from '../../tools/emulator/addresses.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import { noAgent, useAmpersend } from './setup.mts';

const service = useAmpersend();

const ROUTE = '/agents/{address}/authorized-sellers';
const READ = `GET ${ROUTE}`;
const WRITE = `PUT ${ROUTE}`;

const A = checksummed(`0x${'ab'.repeat(20)}`);
const B = checksummed(`0x${'cd'.repeat(20)}`);
const C = `0x${'12'.repeat(20)}`;
const a = A.toLowerCase();
const b = B.toLowerCase();

const locator = (value: string) => ({ __rl: true, mode: 'address', value });

const update = async (agent: string, fields: INodeParameters) =>
	await service.run({
		resource: 'allowlist',
		operation: 'update',
		agent: locator(agent),
		...fields,
	});

const agentWith = (...allowlist: string[]) => service.emulator.addAgent({ allowlist }).address;

const sent = () =>
	service.emulator.calls.flatMap(({ route, body }) => (route === WRITE ? [body] : []));

describe('Allowlist: Get', () => {
	it('returns the sellers in one item, with their number', async () => {
		const address = agentWith(A, b);
		const { items } = await service.run({
			resource: 'allowlist',
			operation: 'get',
			agent: locator(address),
		});

		expect(items).toEqual([
			{ json: { agentAddress: address, sellers: [A, b], count: 2 }, pairedItem: { item: 0 } },
		]);
		expect(service.emulator.calls).toMatchObject([{ route: READ, params: { address } }]);
	});

	it('returns an item for an empty list', async () => {
		const address = agentWith();
		const { items } = await service.run({
			resource: 'allowlist',
			operation: 'get',
			agent: locator(address),
		});

		expect(items.map(({ json }) => json)).toEqual([
			{ agentAddress: address, sellers: [], count: 0 },
		]);
	});

	it('says which agent is unknown, and what to do', async () => {
		const address = randomAddress();
		const { error } = await service.run({
			resource: 'allowlist',
			operation: 'get',
			agent: locator(address),
		});

		expect(error?.message).toBe(noAgent(address));
		expect(error?.description).toContain('Choose one from the list');
		expect(error?.httpCode).toBe('404');
	});

	it('says what is wrong if the answer has another format', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: READ, mutate: (sellers) => ({ unknown: sellers }) });
		const { error } = await service.run({
			resource: 'allowlist',
			operation: 'get',
			agent: locator(address),
		});

		expect(error?.message).toBe(
			'Ampersend was asked to read the allowlist, and its answer is not as expected: ' +
				'the whole body has an unexpected format.',
		);
		expect(error?.description).toContain(`GET /agents/${address}/authorized-sellers.`);
		expect(error?.description).toContain('Update n8n-nodes-ampersend');
	});
});

describe('Allowlist: Update', () => {
	it('adds to the list, and keeps the spelling that is there', async () => {
		const address = agentWith(A);
		const { items, hints } = await update(address, { mode: 'add', sellers: `${a}, ${B},${C}` });

		expect(items).toEqual([
			{
				json: {
					agentAddress: address,
					sellers: [A, B, C],
					count: 3,
					added: [B, C],
					removed: [],
					asRequested: true,
					changedMeanwhile: false,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(hints).toEqual([]);
		expect(service.seen).toEqual([READ, READ, WRITE]);
		expect(sent()).toEqual([{ authorized_sellers: [A, B, C] }]);
		expect(service.emulator.agent(address).allowlist).toEqual([A, B, C]);
	});

	it('removes in any letter case, and accepts a seller that is not on the list', async () => {
		const address = agentWith(A, B);
		const { items } = await update(address, { mode: 'remove', sellers: [a, C] });

		expect(items).toMatchObject([
			{ json: { sellers: [B], count: 1, added: [], removed: [A], asRequested: true } },
		]);
		expect(service.seen).toEqual([READ, READ, WRITE]);
		expect(service.emulator.agent(address).allowlist).toEqual([B]);
	});

	it.each([
		['add', A, [a]],
		['remove', A, [B]],
		['replace', A, [a]],
	])('sends nothing if %s would change nothing', async (mode, listed, sellers) => {
		const address = agentWith(listed);
		const { items } = await update(address, { mode, sellers });

		expect(items).toMatchObject([
			{ json: { sellers: [A], added: [], removed: [], asRequested: true } },
		]);
		expect(service.seen).toEqual([READ]);
	});

	it('clears the list if Sellers is left empty and Allow Empty List is on', async () => {
		const address = agentWith(A);
		const { items, error } = await update(address, {
			mode: 'replace',
			sellers: '',
			allowEmpty: true,
		});

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { sellers: [], removed: [A] } }]);
		expect(service.emulator.agent(address).allowlist).toEqual([]);
	});

	it('accepts sellers as a JSON list in text', async () => {
		const address = agentWith();
		const { items } = await update(address, { mode: 'add', sellers: `={{ '["${A}", "${B}"]' }}` });

		expect(items).toMatchObject([{ json: { sellers: [A, B] } }]);
	});

	it.each([
		['add', [A, C, B], 'Their change was kept.'],
		['replace', [B], 'It was replaced anyway.'],
	])('says that someone changed the list meanwhile (%s)', async (mode, sellers, outcome) => {
		const address = agentWith(A);
		service.emulator.after(READ, () =>
			service.emulator.updateAgent(address, { allowlist: [A, C] }),
		);
		const { items, hints } = await update(address, { mode, sellers: B });

		expect(items).toMatchObject([{ json: { sellers, asRequested: true, changedMeanwhile: true } }]);
		expect(service.emulator.agent(address).allowlist).toEqual(sellers);
		expect(hints).toEqual([
			{
				message: `Someone else changed the allowlist of ${address} during the update. ${outcome}`,
				location: 'outputPane',
			},
		]);
	});

	it('removes the last seller without asking for confirmation', async () => {
		const address = agentWith(A);
		const { items, error } = await update(address, { mode: 'remove', sellers: a });

		expect(error).toBeUndefined();
		expect(items).toMatchObject([
			{ json: { sellers: [], count: 0, removed: [A], asRequested: true } },
		]);
		expect(sent()).toEqual([{ authorized_sellers: [] }]);
	});

	it('does not report a change by others if the list is already as requested', async () => {
		const address = agentWith(A, B);
		const { items, hints } = await update(address, { mode: 'add', sellers: b });

		expect(items).toMatchObject([
			{
				json: {
					sellers: [A, B],
					added: [],
					removed: [],
					asRequested: true,
					changedMeanwhile: false,
				},
			},
		]);
		expect(hints).toEqual([]);
		expect(service.seen).toEqual([READ]);
	});

	it('replaces the list', async () => {
		const address = agentWith(A, C);
		const { items } = await update(address, { mode: 'replace', sellers: `${B}\n${a}` });

		expect(items).toMatchObject([
			{ json: { sellers: [B, a], count: 2, added: [B], removed: [C], asRequested: true } },
		]);
		expect(service.emulator.agent(address).allowlist).toEqual([B, a]);
	});

	it.each(['add', 'replace'])('drops duplicates in another letter case (%s)', async (mode) => {
		const address = agentWith();
		const { items } = await update(address, {
			mode,
			sellers: [A, a, `0x${A.slice(2).toUpperCase()}`],
		});

		expect(items).toMatchObject([{ json: { sellers: [A], count: 1, added: [A] } }]);
		expect(sent()).toEqual([{ authorized_sellers: [A] }]);
	});

	it('removes duplicates that were already on the list', async () => {
		const address = agentWith(A, a, B);
		const { items } = await update(address, { mode: 'add', sellers: C });

		expect(sent()).toEqual([{ authorized_sellers: [A, B, C] }]);
		expect(items).toMatchObject([
			{ json: { sellers: [A, B, C], added: [C], removed: [], asRequested: true } },
		]);
	});

	it.each([
		['a list', '={{ $json.sellers }}', { sellers: [A, B] }],
		['text', '={{ $json.sellers }}', { sellers: `${A};\n${B}` }],
		[
			'a list made of rows',
			'={{ $json.rows.map((row) => row.address) }}',
			{ rows: [{ address: A }, { address: B }] },
		],
		['a list within text', '={{ $json.sellers }}, {{ $json.more }}', { sellers: A, more: B }],
	])('accepts %s from an expression', async (_form, sellers, input) => {
		const address = agentWith();
		const { items } = await service.run(
			{ resource: 'allowlist', operation: 'update', agent: locator(address), mode: 'add', sellers },
			{ input: [input] },
		);

		expect(items).toMatchObject([{ json: { sellers: [A, B], asRequested: true } }]);
		expect(service.emulator.agent(address).allowlist).toEqual([A, B]);
	});

	it.each([
		['add', '={{ [] }}', 'Enter the sellers to add.'],
		['remove', '={{ " ,\\n" }}', 'Enter the sellers to remove.'],
		['add', '={{ $json.missing }}', 'Enter the sellers to add.'],
		[
			'replace',
			'={{ [] }}',
			'Enter the sellers of the new list, or turn on Allow Empty List to clear it.',
		],
	])(
		'does not %s the empty list %j, says what to do, and sends nothing',
		async (mode, sellers, advice) => {
			const address = agentWith(A);
			const { error } = await update(address, { mode, sellers });

			expect(error?.message).toBe('Sellers: has no addresses.');
			expect(error?.description).toBe(advice);
			expect(service.emulator.calls).toEqual([]);
			expect(service.emulator.agent(address).allowlist).toEqual([A]);
		},
	);

	it('clears the list if Sellers returns an empty list and Allow Empty List is on', async () => {
		const address = agentWith(A, B);
		const { items, error } = await update(address, {
			mode: 'replace',
			sellers: '={{ [] }}',
			allowEmpty: true,
		});

		expect(error).toBeUndefined();
		expect(items).toMatchObject([
			{ json: { sellers: [], count: 0, added: [], removed: [A, B], asRequested: true } },
		]);
		expect(service.emulator.agent(address).allowlist).toEqual([]);
	});

	it('keeps the list if the expression of Sellers gives no value', async () => {
		const address = agentWith(A);
		const { error } = await update(address, {
			mode: 'replace',
			sellers: '={{ $json.nope }}',
			allowEmpty: true,
		});

		expect(error?.message).toBe('Sellers: the expression gives no value.');
		expect(sent()).toEqual([]);
	});

	it('ignores Allow Empty List, left on from Replace, in another mode', async () => {
		const address = agentWith(A);
		// n8n hides the switch only if the mode isn't an expression.
		const { error } = await update(address, {
			mode: '={{ "remove" }}',
			sellers: '={{ [] }}',
			allowEmpty: true,
		});

		expect(error?.message).toBe('Sellers: has no addresses.');
		expect(service.emulator.agent(address).allowlist).toEqual([A]);
	});

	it('rejects an invalid entry among valid ones, and changes nothing', async () => {
		const address = agentWith(A);
		const { error } = await update(address, { mode: 'replace', sellers: `${B}, bob.eth` });

		expect(error?.message).toBe('Sellers: "bob.eth" is not an address: it is a name.');
		expect(service.emulator.calls).toEqual([]);
	});

	const zero = `0x${'0'.repeat(40)}`;
	it.each(['add', 'replace'])(
		'does not %s the zero address, names the field and sends nothing',
		async (mode) => {
			const address = agentWith(A);
			const { error } = await update(address, { mode, sellers: [B, zero] });

			expect(error?.message).toBe(
				`Sellers: "${zero}" is the zero address, which belongs to nobody.`,
			);
			expect(service.emulator.calls).toEqual([]);
		},
	);

	it('removes the zero address from a list that contains it', async () => {
		const address = agentWith(A, zero);
		const { items } = await update(address, { mode: 'remove', sellers: zero });

		expect(items.map(({ json }) => json.sellers)).toEqual([[A]]);
	});

	it('rejects an unknown mode and names the field', async () => {
		const address = agentWith(A);
		const { error } = await update(address, { mode: '={{ "append" }}', sellers: B });

		expect(error?.message).toBe('Mode: "append" is not an option.');
		expect(error?.description).toBe('Use one of: add, remove, replace.');
		expect(service.emulator.calls).toEqual([]);
	});

	it('says which agent is unknown before anything is written', async () => {
		const address = randomAddress();
		const { error } = await update(address, { mode: 'add', sellers: A });

		expect(error?.message).toBe(noAgent(address));
		expect(error?.description).toContain('Choose one from the list');
		expect(service.seen).toEqual([READ]);
	});
});

describe('Allowlist: Update, if the write is rate-limited', () => {
	it('reads the list again before it retries, to keep changes by others', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: WRITE, status: 429, headers: { 'Retry-After': '0' } });
		service.emulator.before(WRITE, () =>
			service.emulator.updateAgent(address, { allowlist: [A, B] }),
		);
		const { items, error } = await update(address, { mode: 'add', sellers: C });

		expect(error).toBeUndefined();
		expect(items.map(({ json }) => json)).toMatchObject([
			{ sellers: [A, B, C], added: [C], removed: [], asRequested: true },
		]);
		expect(service.seen).toEqual([READ, READ, WRITE, READ, READ, WRITE]);
		expect(service.emulator.agent(address).allowlist).toEqual([A, B, C]);
	});
});

describe('Allowlist: Update, if every attempt fails', () => {
	const stays = { times: Infinity, headers: { 'Retry-After': '0' } };

	it('reads four times in total, and writes nothing', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: READ, status: 500, ...stays });
		const { error } = await update(address, { mode: 'add', sellers: B });

		expect(error?.httpCode).toBe('500');
		expect(service.seen).toEqual([READ, READ, READ, READ]);
	});

	it('writes four times in total, and reads the list again each time', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: WRITE, status: 429, ...stays });
		const { error } = await update(address, { mode: 'add', sellers: B });

		expect(error?.httpCode).toBe('429');
		expect(service.seen).toEqual(Array.from({ length: 4 }, () => [READ, READ, WRITE]).flat());
		expect(service.emulator.agent(address).allowlist).toEqual([A]);
	});
});

describe('Allowlist: Update, if the result is not the requested list', () => {
	it('says what is missing and what was not requested', async () => {
		const address = agentWith(A);
		service.emulator.after(WRITE, () =>
			service.emulator.updateAgent(address, { allowlist: [b, C] }),
		);
		service.emulator.fault({ route: WRITE, mutate: () => [b, C] });
		const { items, hints } = await update(address, { mode: 'add', sellers: B });

		expect(items).toMatchObject([
			{ json: { sellers: [b, C], count: 2, added: [b, C], removed: [A], asRequested: false } },
		]);
		expect(hints).toEqual([
			{
				message:
					`The allowlist of ${address} also has ${C} and doesn't have ${A}. ` +
					"Someone else changed it, or the service didn't accept the whole list. " +
					'Check it with Allowlist: Get.',
				location: 'outputPane',
			},
		]);
	});

	it('does not report another order, another letter case or duplicates', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: WRITE, mutate: () => [b, a, A] });
		const { items, hints } = await update(address, { mode: 'add', sellers: B });

		expect(items).toMatchObject([{ json: { asRequested: true, added: [b], removed: [] } }]);
		expect(hints).toEqual([]);
	});

	it('stops if nothing has changed', async () => {
		const address = agentWith(A);
		// The service answers, and changes nothing.
		service.emulator.fault({ route: WRITE, status: 200, body: { ok: true } });
		const { items, error } = await update(address, { mode: 'add', sellers: B });

		expect(items).toEqual([]);
		expect(error?.message).toContain('read the allowlist after the change, and the change is not');
		expect(error?.description).toContain('The change was accepted.');
	});

	it('reports it for each agent, and only once if it is the same', async () => {
		const agents = [agentWith(), agentWith()];
		const changeAfter = (address: string, allowlist: string[], next?: () => void) =>
			service.emulator.after(
				WRITE,
				() => {
					service.emulator.updateAgent(address, { allowlist });
					next?.();
				},
				{ match: ({ params }) => params.address === address },
			);
		const [first = '', second = ''] = agents;
		changeAfter(first, [C], () => changeAfter(first, [A, C]));
		changeAfter(second, [C]);
		service.emulator.fault({ route: WRITE, mutate: () => [C], times: 3 });
		const { items, hints } = await service.run(
			{
				resource: 'allowlist',
				operation: 'update',
				agent: locator('={{ $json.agent }}'),
				mode: 'replace',
				sellers: '={{ $json.seller }}',
			},
			{ input: [...agents, agents[0]].map((agent, i) => ({ agent, seller: i === 2 ? B : A })) },
		);

		expect(items.map(({ json }) => json.asRequested)).toEqual([false, false, false]);
		expect(hints.slice(0, 2).map(({ message }) => /0x\w+/.exec(message)?.[0])).toEqual(agents);
	});

	it('keeps a change that someone else made before the read', async () => {
		const address = agentWith(A);
		service.emulator.before(READ, () =>
			service.emulator.updateAgent(address, { allowlist: [A, C] }),
		);
		const { items } = await update(address, { mode: 'add', sellers: B });

		expect(items).toMatchObject([
			{ json: { sellers: [A, C, B], added: [B], removed: [], asRequested: true } },
		]);
		expect(service.emulator.agent(address).allowlist).toEqual([A, C, B]);
	});

	it('writes once if the answer is lost, and says how to check', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: WRITE, reset: true, when: 'after' });
		const { error } = await update(address, { mode: 'add', sellers: B });

		expect(service.seen).toEqual([READ, READ, WRITE]);
		expect(service.emulator.agent(address).allowlist).toEqual([A, B]);
		expect(error?.description).toContain(
			'Read the allowlist with Allowlist: Get before you run this again.',
		);
	});

	it('reads again if the read fails, and writes once', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: READ, status: 503, headers: { 'Retry-After': '0' } });
		const { items } = await update(address, { mode: 'add', sellers: B });

		expect(items).toMatchObject([{ json: { sellers: [A, B], asRequested: true } }]);
		expect(service.seen).toEqual([READ, READ, READ, WRITE]);
	});
});

describe('Allowlist: Update, if the answer is not the whole list', () => {
	it.each<[string, { mutate: () => unknown } | { status: number; when: 'after' }]>([
		['has only what was added', { mutate: () => [B] }],
		['has something else', { mutate: () => ({ ok: true }) }],
		['is null', { mutate: () => null }],
		['is empty', { status: 204, when: 'after' }],
		['has no text', { status: 200, when: 'after' }],
	])('shows the list that the service has: the answer %s', async (_, answer) => {
		const address = agentWith(A, C);
		service.emulator.fault({ route: WRITE, ...answer });
		const { items, error, hints } = await update(address, { mode: 'add', sellers: B });

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		expect(items).toMatchObject([
			{ json: { sellers: [A, C, B], count: 3, added: [B], removed: [], asRequested: true } },
		]);
		expect(service.seen).toEqual([READ, READ, WRITE, READ]);
	});

	it('says that the change was accepted if the list cannot be read then', async () => {
		const address = agentWith(A);
		service.emulator.fault({ route: WRITE, status: 204, when: 'after' });
		service.emulator.after(WRITE, () =>
			service.emulator.fault({ route: READ, status: 403, body: { message: 'Not now' } }),
		);
		const { items, error } = await update(address, { mode: 'add', sellers: B });

		expect(items).toEqual([]);
		expect(error?.message).toContain('Not now');
		expect(error?.description).toContain(
			'The change was accepted. Read the allowlist with Allowlist: Get before you run this again.',
		);
		expect(service.seen).toEqual([READ, READ, WRITE, READ]);
	});
});
