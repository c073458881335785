/**
 * Text as a webhook can send it. A pattern whose steps grow with the square of such a length
 * exceeds the time limit of a test, but only so far that the run still reports it.
 */
import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { AmpersendApi } from '../../credentials/AmpersendApi.credentials';
import { randomAddress } from '../../tools/emulator/index.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();

const LONG = 450_000;

const given = '={{ $json.text }}';
const locator = { __rl: true, mode: 'address', value: given };

const create = (fields: INodeParameters): INodeParameters => ({
	resource: 'agent',
	operation: 'create',
	name: 'Buyer',
	agentKeyAddress: randomAddress(),
	ifAgentExists: 'create',
	...fields,
});
const transactions = (fields: INodeParameters): INodeParameters => ({
	resource: 'transaction',
	operation: 'getMany',
	...fields,
});

const texts = {
	'digits and a letter': `${'1'.repeat(LONG)}x`,
	digits: '1'.repeat(LONG),
	zeros: `${'0'.repeat(LONG)}x`,
	'dots in a link': `https://x${'.'.repeat(LONG)}y`,
	'white space between letters': `a${' '.repeat(LONG)}b`,
	'hexadecimal digits': `0x${'ab'.repeat(LONG / 2)}`,
	'short words': 'a '.repeat(LONG / 2),
	'dates in a row': '2026-10-01T'.repeat(LONG / 11),
};

const fields: Array<[string, INodeParameters]> = [
	['Agent Key Address', create({ agentKeyAddress: given })],
	['Allowlist', create({ additionalFields: { sellers: given } })],
	['Daily Limit (USDC)', create({ additionalFields: { dailyLimit: given } })],
	['Auto Top-Up', create({ additionalFields: { autoTopUp: given } })],
	['If an Agent With This Name Exists', create({ ifAgentExists: given })],
	['Agent', { resource: 'agent', operation: 'get', agent: locator }],
	['Limit', { resource: 'agent', operation: 'getMany', limit: given }],
	['Agent Names or IDs', transactions({ agentScope: 'selected', agents: given })],
	['Counterparty', transactions({ filters: { counterparty: given } })],
	['Status', transactions({ filters: { status: given } })],
	['From', transactions({ filters: { from: given } })],
	['To', transactions({ filters: { to: given } })],
];

describe('A very long parameter', () => {
	it.each(fields)('is rejected, and the field is named: %s', async (parameter, parameters) => {
		for (const [what, text] of Object.entries(texts)) {
			const { error, items } = await service.run(parameters, { input: [{ text }] });

			expect([what, error?.message.slice(0, parameter.length + 1)]).toEqual([
				what,
				`${parameter}:`,
			]);
			expect(error?.message.length).toBeLessThan(200);
			expect(items).toEqual([]);
			expect(service.emulator.calls).toEqual([]);
		}
	});

	it('is also rejected in a list from an expression', async () => {
		const { error } = await service.run(create({ additionalFields: { sellers: given } }), {
			input: [{ text: Array.from({ length: 600_000 }, () => '') }],
		});

		expect(error?.message).toBe('Allowlist: has more than 500000 characters.');
	});

	it('is cut if it names a file', async () => {
		const { error, items } = await service.run(
			transactions({ operation: 'export', options: { fileName: given } }),
			{ input: [{ text: `${' .'.repeat(LONG / 2)}x` }] },
		);

		expect(error).toBeUndefined();
		expect(String(items[0]?.json.fileName).length).toBeLessThanOrEqual(200);
	});

	it.each(['events', 'minimumAmount', 'counterparty'])(
		'is rejected by the trigger: %s',
		async (name) => {
			const parameters =
				name === 'events' ? { events: texts.digits } : { filters: { [name]: texts.digits } };
			const trigger = openTrigger(parameters, service.credential);

			await expect(trigger.poll('trigger', 'activate')).rejects.toThrow(
				/^[A-Z][A-Za-z ()]+: .*(characters|secret)/,
			);
			expect(service.emulator.calls).toEqual([]);
		},
	);
});

describe('A trigger parameter of the wrong type', () => {
	it.each<[string, INodeParameters]>([
		['Trigger On: "{"a":1}" is not text', { events: '={{ ({ a: 1 }) }}' }],
		['Trigger On: "{"a":1}" is not text', { events: '={{ [{ a: 1 }] }}' }],
		['Trigger On: "null" is not text', { events: '={{ ["payment.denied", null] }}' }],
		['Trigger On: "["payment.denied"]" is not text', { events: '={{ [["payment.denied"]] }}' }],
		['Trigger On: "true" is not text', { events: '={{ true }}' }],
		['Trigger On: "5" is not text', { events: '={{ 5 }}' }],
		[
			'Maximum Events per Poll: "[5]" isn\'t a whole number',
			{ options: { maxEvents: '={{ [5] }}' } },
		],
		[
			'Maximum Events per Poll: "true" isn\'t a whole number',
			{ options: { maxEvents: '={{ true }}' } },
		],
		['Emit Existing Events (Days): " " isn\'t a whole number', { options: { existingDays: ' ' } }],
		['Look-Back (Minutes): "0x10" isn\'t a whole number', { options: { lookBackMinutes: '0x10' } }],
		[
			'Look-Back (Minutes): "Infinity" isn\'t a whole number',
			{ options: { lookBackMinutes: '={{ 1e400 }}' } },
		],
	])('is rejected, and the field is named: %s', async (message, parameters) => {
		const trigger = openTrigger(parameters, service.credential);

		await expect(trigger.poll('trigger', 'activate')).rejects.toThrow(message);
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('A credential with a very long field', () => {
	const apiKey = `sk_test_${randomBytes(24).toString('hex')}`;
	const agents = { resource: 'agent', operation: 'getMany' };

	it.each([
		['slashes', `https://api.sandbox.ampersend.ai${'/'.repeat(LONG)}x`],
		['slashes at the end', `https://api.sandbox.ampersend.ai${'/'.repeat(LONG)}`],
		['dots in its host', `https://x${'.'.repeat(LONG)}y`],
	])('is rejected: a Base URL of %s', async (_, baseUrl) => {
		const { error } = await service.run(agents, { credential: { apiKey, baseUrl } });

		expect(error?.message).toMatch(/^The Base URL is too long \(\d+ characters\)\.$/);
		expect(error?.description).toContain('leave it empty');
	});

	it.each([
		['letters', `sk_test_${'a'.repeat(LONG)}`],
		['white space', `bearer${' '.repeat(LONG)}x`],
	])('is rejected without being repeated: an API Key of %s', async (_, long) => {
		const { error } = await service.run(agents, { credential: { apiKey: long } });

		expect(error?.message).toMatch(/^The API Key is too long \(\d+ characters\)\./);
		expect(error?.message.length).toBeLessThan(200);
	});

	it('is not sent to a host of dots in a custom call with the credential', async () => {
		const url = `https://x${'.'.repeat(LONG)}y/`;

		await expect(new AmpersendApi().authenticate({ apiKey }, { url })).rejects.toThrow(
			'This credential is for https://api.sandbox.ampersend.ai ' +
				'and was not sent to an address without a host.',
		);
	});
});

describe('An answer with a very long number', () => {
	const digits = '9'.repeat(LONG);

	it.each(['amount', 'timestamp'])('in the %s of an activity row is reported', async (field) => {
		const agent = service.emulator.addAgent();
		service.emulator.pay({ agent });
		service.emulator.fault({
			route: 'GET /agents/{address}/activity',
			mutate: (page) => {
				const { activity, ...rest } = page as { activity: object[] };
				return { ...rest, activity: activity.map((row) => ({ ...row, [field]: digits })) };
			},
		});

		const { error, items } = await service.run(transactions({}));

		expect(items).toEqual([]);
		expect(error?.message).toContain('is not as expected');
		expect(error?.message).toContain(field);
		expect(error?.message.length).toBeLessThan(500);
	});

	it('in the balance of an agent is not shown as an amount', async () => {
		service.emulator.addAgent();
		service.emulator.fault({
			route: 'GET /agents',
			mutate: (page) => {
				const { items, ...rest } = page as { items: object[] };
				return { ...rest, items: items.map((agent) => ({ ...agent, balance: digits })) };
			},
		});

		const { items } = await service.run({ resource: 'agent', operation: 'getMany' });

		expect(items[0]?.json).toMatchObject({ balanceUsdc: null, balanceUsdcMicro: null });
	});
});
