import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { randomAddress, type Agent } from '../../tools/emulator/index.mts';
import { openTrigger } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();

const READ = 'GET /agents/{address}';

let agent: Agent;
let read: INodeParameters;

beforeEach(() => {
	agent = service.emulator.addAgent({ name: 'buyer' });
	read = {
		resource: 'agent',
		operation: 'get',
		agent: { __rl: true, mode: 'address', value: agent.address },
	};
});

const escaped = (text: string) =>
	[...text].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('');

/** How a service can repeat a key. */
const echoes: Array<[string, (key: string) => string]> = [
	['whole', (key) => key],
	['without its prefix', (key) => key.replace('sk_test_', '')],
	['percent-encoded', escaped],
	['in Base64', (key) => Buffer.from(`Bearer ${key}`).toString('base64')],
];

/** Checks what n8n keeps of a run, or writes to its log. */
function expectNoKey(kept: unknown, echo: string): void {
	const shown = inspect(kept, {
		depth: Infinity,
		showHidden: true,
		maxStringLength: Infinity,
		maxArrayLength: Infinity,
	});
	for (const secret of [service.emulator.apiKey.slice(8), echo.slice(12, -12)]) {
		expect(shown).not.toContain(secret);
		expect(JSON.stringify(kept)).not.toContain(secret);
	}
}

describe.each(echoes)('A key that the service repeats %s', (_, spell) => {
	const echo = () => spell(service.emulator.apiKey);

	it.each([400, 401, 403, 404, 409, 422])(
		'is not shown in the message about HTTP %d',
		async (status) => {
			for (const body of [
				{ message: `No such key: ${echo()}.` },
				{ error: { message: `${'x'.repeat(190)} ${echo()}` } },
				{ issues: [{ path: [echo(), 'a'], message: echo() }] },
			]) {
				service.emulator.fault({ route: READ, status, body });
				const { error, run } = await service.run(read);
				expect(error?.message).toContain(`HTTP ${status}`);
				expectNoKey(run, echo());
			}
		},
	);

	it('is not shown in a content type', async () => {
		service.emulator.fault({
			route: READ,
			status: 200,
			body: 'x',
			headers: { 'content-type': `text/${echo()}` },
		});
		const { error, run } = await service.run(read);
		expect(error?.message).toMatch(/with text\/\S*… instead of JSON/);
		expectNoKey(run, echo());
	});

	it('is hidden in the fields of an item, and the fields are kept', async () => {
		service.emulator.fault({
			route: READ,
			mutate: (body) => ({
				...(body as object),
				name: `a ${echo()} b`,
				debug: { headers: [{ authorization: `Bearer ${echo()}` }], [`of ${echo()}`]: 'kept' },
			}),
		});
		const { items, run } = await service.run(read);
		const [item] = items;
		expect(item?.json.name).toMatch(/^a .*… ?.*b$/);
		expect(item?.json.debug).toEqual({
			headers: [{ authorization: expect.stringContaining('…') }],
			[Object.keys(item?.json.debug as object)[1] ?? '']: 'kept',
		});
		expectNoKey(run, echo());
	});

	it('is not written to the log by the trigger', async () => {
		const other = service.emulator.addAgent();
		const trigger = openTrigger({}, service.credential);
		await trigger.poll('trigger', 'activate');
		service.emulator.pay({ agent: other });
		service.emulator.fault({
			route: 'GET /agents/{address}/activity',
			status: 400,
			body: { message: `No such key: ${echo()}.` },
			match: ({ params }) => params.address?.toLowerCase() === agent.address.toLowerCase(),
		});
		expect(await trigger.poll()).toHaveLength(1);
		expect(trigger.warnings).toEqual([expect.stringContaining('No such key')]);
		expectNoKey(trigger.warnings, echo());
	});
});

describe('A text of a million characters', () => {
	it.each([
		['white space', () => ' '.repeat(1_000_000)],
		['words', () => 'word \n'.repeat(170_000)],
		['prefixes of keys', () => 'sk_test_'.repeat(125_000)],
		['the start of the key, repeated', () => service.emulator.apiKey.slice(0, -1).repeat(20_000)],
		['percent signs', () => '%25'.repeat(333_333)],
	])('of %s is cut short', async (_, text) => {
		service.emulator.fault({ route: READ, status: 400, body: { message: `Bad: ${text()}` } });
		const { error } = await service.run(read);
		expect(error?.message).toMatch(/\(HTTP 400\): Bad:/);
		expect(error?.message.length).toBeLessThan(400);
	});
});

describe('The word "canceled" in text from users or the service', () => {
	const inName = 'canceled orders, canceled twice';

	it.each<[string, () => INodeParameters, () => void, RegExp]>([
		[
			"an agent's name",
			() => ({
				resource: 'agent',
				operation: 'create',
				name: inName,
				agentKeyAddress: randomAddress(),
			}),
			() => service.emulator.addAgent({ name: inName }),
			/named "cancelled orders, cancelled twice" already exists/,
		],
		[
			"the service's message",
			() => read,
			() =>
				service.emulator.fault({
					route: READ,
					status: 409,
					body: { message: 'The subscription was canceled.' },
				}),
			/\(HTTP 409\): The subscription was cancelled\.$/,
		],
		[
			'a value',
			() => ({ ...read, agent: { __rl: true, mode: 'address', value: '={{ "canceled" }}' } }),
			() => {},
			/"cancelled" is not an address/,
		],
		[
			'an unknown resource',
			() => ({ resource: 'canceled', operation: 'x' }),
			() => {},
			/no operation "" of "cancelled"/,
		],
	])('does not mark the run as canceled: %s', async (_, parameters, arrange, message) => {
		arrange();
		const { error, run } = await service.run(parameters());
		expect(error?.message).toMatch(message);
		expect(run.status).toBe('error');
		expect(run.data.resultData.error?.message).toMatch(message);
	});
});
