import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { checksummed } from '../../tools/emulator/addresses.mts';
import { randomAddress } from '../../tools/emulator/index.mts';
import { short, useAmpersend } from './setup.mts';

const service = useAmpersend();

const locator = (value: string, mode = 'list') => ({ __rl: true, mode, value });

const run = async (operation: string, fields: INodeParameters) =>
	await service.run({ resource: 'agentKey', operation, ...fields });

const add = async (
	agent: string,
	agentKeyAddress: string,
	additionalFields: INodeParameters = {},
) => await run('add', { agent: locator(agent), agentKeyAddress, additionalFields });

const revoke = async (agent: string, agentKey: string) =>
	await run('revoke', { agent: locator(agent), agentKey: locator(agentKey, 'address') });

const keysOf = (agent: string) => service.emulator.agent(agent).keys.map(({ address }) => address);

describe('Agent Key: Add', () => {
	it('adds a key without a name', async () => {
		const first = randomAddress();
		const second = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [first] });
		const { items } = await add(address, second);

		const [, stored] = service.emulator.agent(address).keys;
		expect(items).toEqual([
			{
				json: {
					agentAddress: address,
					address: second,
					name: null,
					createdAt: new Date(stored?.createdAt ?? NaN).toISOString(),
					added: true,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(service.emulator.calls).toMatchObject([
			{ route: 'POST /agents/{address}/keys', params: { address } },
		]);
		expect(service.emulator.calls[0]?.body).toEqual({ agent_key_address: second });
		expect(keysOf(address)).toEqual([first, second]);
	});

	it('adds a key with a name, without the spaces around it', async () => {
		const key = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [] });
		const { items } = await add(address, key, { keyName: ' Worker 2 ' });

		expect(items).toMatchObject([{ json: { address: key, name: 'Worker 2' } }]);
		expect(service.emulator.calls[0]?.body).toEqual({
			agent_key_address: key,
			key_name: 'Worker 2',
		});
		expect(service.emulator.agent(address).keys).toMatchObject([
			{ address: key, name: 'Worker 2' },
		]);
	});

	it('sends no name if it is only spaces', async () => {
		const { address } = service.emulator.addAgent();
		const { items } = await add(address, randomAddress(), { keyName: '  ' });

		expect(items).toMatchObject([{ json: { name: null } }]);
		expect(service.emulator.calls[0]?.body).not.toHaveProperty('key_name');
	});

	it('says that the agent already has the key, in any letter case', async () => {
		const key = checksummed(randomAddress());
		const { address } = service.emulator.addAgent({ keys: [key] });
		const { error } = await add(address, key.toLowerCase());

		expect(error?.message).toBe('Agent Key Address: this agent already has this key.');
		expect(error?.description).toContain('set If the Key Exists to Return Existing');
		expect(error?.httpCode).toBe('409');
		expect(keysOf(address)).toEqual([key]);
	});

	it('returns the key that the agent has already, however often it runs', async () => {
		const agentKeyAddress = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [] });
		const parameters = { agent: locator(address), agentKeyAddress, ifKeyExists: 'return' };
		const results = [await run('add', parameters), await run('add', parameters)];

		const [first, second] = results.map(({ items }) => items[0]?.json);
		expect(first).toMatchObject({ address: agentKeyAddress, added: true });
		expect(second).toEqual({ ...first, added: false });
		expect(keysOf(address)).toEqual([agentKeyAddress]);
	});

	it("doesn't return a key that is rejected for another reason", async () => {
		const agentKeyAddress = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [] });
		service.emulator.fault({
			route: 'POST /agents/{address}/keys',
			status: 409,
			body: { message: 'This key already belongs to another agent' },
		});
		const parameters = { agent: locator(address), agentKeyAddress, ifKeyExists: 'return' };
		const { error } = await run('add', parameters);

		expect(error?.message).toContain('This key already belongs to another agent');
	});

	it('rejects the zero address, names the field and sends nothing', async () => {
		const { address } = service.emulator.addAgent();
		const { error } = await add(address, `0x${'0'.repeat(40)}`);

		expect(error?.message).toMatch(/^Agent Key Address: "0x0{40}" is the zero address/);
		expect(service.emulator.calls).toEqual([]);
	});

	it('rejects a private key without repeating it, and sends nothing', async () => {
		const { address } = service.emulator.addAgent();
		const secret = randomBytes(32).toString('hex');
		const { error } = await service.run(
			{
				resource: 'agentKey',
				operation: 'add',
				agent: locator(address),
				agentKeyAddress: '={{ $json.secret }}',
			},
			{ input: [{ secret }] },
		);

		expect(error?.message).toBe(
			'Agent Key Address: is as long as a private key, so it is not shown.',
		);
		expect(error?.description).toBe(
			'Enter an address: 0x followed by 40 hexadecimal digits. If it was a secret, n8n has ' +
				'stored it: remove it here, and replace it.',
		);
		expect(inspect(error, { depth: 12 })).not.toContain(secret);
		expect(service.emulator.calls).toEqual([]);
	});

	it('is sent once if the answer is lost, and says how to check', async () => {
		const key = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [] });
		service.emulator.fault({ route: 'POST /agents/{address}/keys', reset: true, when: 'after' });
		const { error } = await add(address, key);

		expect(service.seen).toEqual(['POST /agents/{address}/keys']);
		expect(keysOf(address)).toEqual([key]);
		expect(error?.description).toContain(
			'The change may have been made, so it was not sent again. ' +
				'Look for the address with Agent Key: Get Many before you run this again.',
		);
	});
});

describe('Agent Key: Get Many', () => {
	it('lists the keys of one agent, with and without a name', async () => {
		const named = { address: randomAddress(), name: 'Worker 1' };
		const unnamed = randomAddress();
		const { address, createdAt } = service.emulator.addAgent({ keys: [named, unnamed] });
		service.emulator.addAgent();
		const { items } = await run('getMany', { agent: locator(address) });

		const common = { agentAddress: address, createdAt: new Date(createdAt).toISOString() };
		expect(items).toEqual([
			{ json: { ...common, ...named }, pairedItem: { item: 0 } },
			{ json: { ...common, address: unnamed, name: null }, pairedItem: { item: 0 } },
		]);
	});

	it('reads every page with Return All, and otherwise up to Limit', async () => {
		const keys = Array.from({ length: 130 }, randomAddress);
		const { address } = service.emulator.addAgent({ keys });
		const all = await run('getMany', { agent: locator(address), returnAll: true });
		const some = await run('getMany', { agent: locator(address), limit: 2 });

		expect(all.items.map(({ json }) => json.address)).toEqual(keys);
		expect(some.items.map(({ json }) => json.address)).toEqual(keys.slice(0, 2));
		expect(service.emulator.calls.map(({ query }) => query)).toEqual([
			{ limit: '100', offset: '0' },
			{ limit: '100', offset: '100' },
			{ limit: '100', offset: '130' },
			{ limit: '100', offset: '0' },
		]);
	});

	it('returns fields that this node does not know, and null for a missing time', async () => {
		const { address } = service.emulator.addAgent();
		const key = randomAddress();
		service.emulator.fault({
			route: 'GET /agents/{address}/keys',
			mutate: () => ({ items: [{ address: key, scope: 'co-signed' }], total: 1 }),
		});
		const { items } = await run('getMany', { agent: locator(address) });

		expect(items.map(({ json }) => json)).toEqual([
			{ agentAddress: address, address: key, name: null, createdAt: null, scope: 'co-signed' },
		]);
	});
});

describe('Agent Key: Revoke', () => {
	it('revokes the key and leaves the others', async () => {
		const [kept, gone] = [randomAddress(), randomAddress()];
		const { address } = service.emulator.addAgent({ keys: [kept, gone] });
		const { items } = await revoke(address, gone);

		expect(items).toEqual([
			{ json: { deleted: true, agentAddress: address, address: gone }, pairedItem: { item: 0 } },
		]);
		expect(service.emulator.calls).toMatchObject([
			{
				route: 'DELETE /agents/{address}/keys/{keyAddress}',
				params: { address, keyAddress: gone },
				body: undefined,
				status: 204,
			},
		]);
		expect(keysOf(address)).toEqual([kept]);
	});

	it.each([[undefined], [{}]])('accepts HTTP 200 with the body %p as success', async (body) => {
		const key = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [key, randomAddress()] });
		service.emulator.fault({
			route: 'DELETE /agents/{address}/keys/{keyAddress}',
			status: 200,
			body,
			when: 'after',
		});
		const { items, error } = await revoke(address, key);

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { deleted: true, address: key } }]);
		expect(keysOf(address)).not.toContain(key);
	});

	it('does not report a key as revoked if a web page answers', async () => {
		const key = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [key] });
		service.emulator.fault({
			route: 'DELETE /agents/{address}/keys/{keyAddress}',
			status: 200,
			body: '<html>Sign in</html>',
		});
		const { items, error } = await revoke(address, key);

		expect(items).toEqual([]);
		expect(error?.message).toContain('with text/html instead of JSON');
		expect(error?.description).toContain('Look for the address with Agent Key: Get Many');
		expect(keysOf(address)).toEqual([key]);
	});

	it.each(['list', 'address', 'url'])('finds agent and key by %s', async (mode) => {
		const key = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [key] });
		const given = (value: string) => {
			if (mode === 'url') return locator(`https://app.example/x/${value}?tab=keys`, mode);
			// A picker returns values in lower case.
			return locator(mode === 'list' ? value.toLowerCase() : value, mode);
		};
		const { items } = await run('revoke', { agent: given(address), agentKey: given(key) });

		expect(items).toMatchObject([{ json: { deleted: true } }]);
		expect(keysOf(address)).toEqual([]);
	});

	it('says that the key is unknown', async () => {
		const key = randomAddress();
		const { address, keys } = service.emulator.addAgent();
		const { error, items } = await revoke(address, key);

		expect(items).toEqual([]);
		expect(error?.message).toBe(`Agent Key: the agent has no key ${short(key)}.`);
		expect(error?.description).toBe('Choose one from the list.');
		expect(error?.httpCode).toBe('404');
		expect(service.emulator.agent(address).keys).toEqual(keys);
	});

	it('is sent once if the answer is lost, and says how to check', async () => {
		const key = randomAddress();
		const { address } = service.emulator.addAgent({ keys: [key] });
		service.emulator.fault({
			route: 'DELETE /agents/{address}/keys/{keyAddress}',
			status: 503,
			headers: { 'Retry-After': '0' },
			when: 'after',
		});
		const { error } = await revoke(address, key);

		expect(service.emulator.calls).toHaveLength(1);
		expect(keysOf(address)).toEqual([]);
		expect(error?.message).toContain('(HTTP 503)');
		expect(error?.description).toContain('Look for the address with Agent Key: Get Many');
	});
});

describe('A locator', () => {
	const good = `0x${'12'.repeat(20)}`;
	const wrong = checksummed(`0x${'ab'.repeat(20)}`).replace(/[a-f]/, (letter) =>
		letter.toUpperCase(),
	);

	it.each([
		['an expression that returns nothing', locator('={{ $json.agent }}'), 'Agent: is empty.'],
		['a name', locator('={{ "Buyer" }}', 'address'), 'Agent: "Buyer" is not an address.'],
		['a wrong checksum', locator(wrong, 'address'), `Agent: "${wrong}" doesn't match its checksum`],
		[
			'a path that would leave the agent',
			locator(`={{ "${good}/../x" }}`, 'address'),
			'is not an address.',
		],
		['another parameter in its place', '={{ "junk" }}', 'Agent: "junk" is not an address.'],
	])('rejects %s, names the field and sends nothing', async (_title, agent, complaint) => {
		const { error } = await run('getMany', { agent });

		expect(error?.message).toContain(complaint);
		expect(error?.message).toMatch(/^Agent: /);
		expect(error?.description).toMatch(/Fill in Agent|Copy/);
		expect(service.emulator.calls).toEqual([]);
	});

	it('rejects an invalid key and names its own field', async () => {
		const { error } = await revoke(good, '={{ "the old one" }}');

		expect(error?.message).toBe('Agent Key: "the old one" is not an address.');
		expect(service.emulator.calls).toEqual([]);
	});

	it.each([
		['no address', 'https://app.example/agents'],
		['a transaction hash only', `https://scan.example/tx/0x${'12'.repeat(32)}`],
	])('rejects a link with %s', async (_title, url) => {
		const { error } = await run('getMany', { agent: locator(`={{ "${url}" }}`, 'url') });

		expect(error?.message).toBe('Agent: the link contains no address.');
		expect(service.emulator.calls).toEqual([]);
	});

	it('reads the address in a link, and not part of a transaction hash', async () => {
		const { address } = service.emulator.addAgent();
		const url = `https://app.example/tx/0x${'34'.repeat(32)}/agents/${address}`;
		const { items, error } = await run('getMany', { agent: locator(url, 'url') });

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { agentAddress: address } }]);
	});
});
