import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { useEmulator } from './harness.mts';
import { randomAddress, startEmulator } from '../../tools/emulator/index.mts';

const harness = useEmulator();
const { ask, askInVain } = harness;

const newAgent = () => ({
	agent_key_address: randomAddress(),
	name: 'new',
	spend_config: null,
	authorized_sellers: null,
});

describe('faults', () => {
	it('answer with a status, a body and headers, in order, each as often as declared', async () => {
		const route = 'GET /agents';
		harness.emulator.fault({
			route,
			times: 2,
			status: 429,
			body: { message: 'slow down' },
			headers: { 'Retry-After': '7' },
		});
		harness.emulator.fault({ route, status: 502, body: '<html>Bad gateway</html>' });
		harness.emulator.fault({ route, status: 503, body: 'upstream is away' });
		harness.emulator.fault({ route, status: 500 });
		const got = [];
		for (let i = 0; i < 6; i++) got.push(await ask('GET /agents'));
		expect(got.map(({ status }) => status)).toEqual([429, 429, 502, 503, 500, 200]);
		expect(got[0]).toMatchObject({
			body: { message: 'slow down' },
			headers: { 'retry-after': '7' },
		});
		expect(got[2]?.headers['content-type']).toBe('text/html; charset=utf-8');
		expect(got[3]).toMatchObject({
			body: 'upstream is away',
			headers: { 'content-type': 'text/plain; charset=utf-8' },
		});
		expect(got[4]?.body).toBeUndefined();
		harness.emulator.assertClean();
	});

	it('apply only to the route they name, and to the calls they match', async () => {
		const { address } = harness.emulator.addAgent();
		harness.emulator.fault({ method: 'PATCH', route: '/agents/{address}', status: 500 });
		harness.emulator.fault({
			route: 'GET /agents/{address}/activity',
			status: 500,
			match: ({ query }) => query['page'] === '2',
		});
		expect((await ask(`GET /agents/${address}`)).status).toBe(200);
		expect((await ask(`PATCH /agents/${address}`, { body: { name: 'a' } })).status).toBe(500);
		expect((await ask(`GET /agents/${address}/activity`)).status).toBe(200);
		expect((await ask(`GET /agents/${address}/activity?page=2`)).status).toBe(500);
		harness.emulator.assertClean();
	});

	it('lose the request, or only the answer', async () => {
		harness.emulator.fault({ route: 'POST /agents', reset: true });
		expect(await askInVain('POST /agents', { body: newAgent() })).toBe('ECONNRESET');
		expect(harness.emulator.agents()).toHaveLength(0);

		harness.emulator.fault({ route: 'POST /agents', reset: true, when: 'after' });
		expect(await askInVain('POST /agents', { body: newAgent() })).toBe('ECONNRESET');
		expect(harness.emulator.agents()).toHaveLength(1);

		harness.emulator.fault({ route: 'POST /agents', status: 504, when: 'after' });
		expect((await ask('POST /agents', { body: newAgent() })).status).toBe(504);
		expect(harness.emulator.agents()).toHaveLength(2);
		expect(harness.emulator.calls.map(({ outcome, status }) => [outcome, status])).toEqual([
			['reset', null],
			['reset', null],
			['answered', 504],
		]);
	});

	it('cut the JSON or change it', async () => {
		const { address } = harness.emulator.addAgent({ name: 'real' });
		const route = 'GET /agents/{address}';
		harness.emulator.fault({ route, malformedJson: true });
		const cut = await ask(`GET /agents/${address}`);
		expect(cut).toMatchObject({
			status: 200,
			headers: { 'content-type': 'application/json; charset=utf-8' },
		});
		expect(cut.body).toMatch(/^\{"address":/);

		harness.emulator.fault({
			route,
			mutate: (body) => ({ ...(body as object), nonce: undefined, balance: 5 }),
		});
		const { body } = await ask(`GET /agents/${address}`);
		expect(body).toMatchObject({ name: 'real', balance: 5 });
		expect(body).not.toHaveProperty('nonce');
		expect((await ask(`GET /agents/${address}`)).body).toHaveProperty('nonce');
	});

	it('delay, alone or with another', async () => {
		harness.emulator.fault({ route: 'GET /agents', delayMs: 40 });
		harness.emulator.fault({ route: 'GET /agents', delayMs: 40, status: 500 });
		for (const status of [200, 500]) {
			const asked = performance.now();
			expect((await ask('GET /agents')).status).toBe(status);
			// Timers can fire up to a millisecond early.
			expect(performance.now() - asked).toBeGreaterThanOrEqual(38);
		}
	});

	it('hang until the emulator closes, which it does at once', async () => {
		const { address } = harness.emulator.addAgent();
		harness.emulator.fault({ route: 'GET /agents', hang: true });
		harness.emulator.fault({ route: 'PATCH /agents/{address}', hang: true, when: 'after' });
		harness.emulator.fault({ route: 'GET /agents/{address}', delayMs: 3_600_000 });
		const asked = [
			askInVain('GET /agents'),
			askInVain(`PATCH /agents/${address}`, { body: { name: 'changed' } }),
			askInVain(`GET /agents/${address}`),
		];
		while (harness.emulator.calls.filter(({ outcome }) => outcome === 'hanging').length < 2)
			await sleep(2);
		expect(harness.emulator.agent(address).name).toBe('changed');
		const closing = performance.now();
		await harness.emulator.close();
		// A minute is nothing beside the hour that one of them would take.
		expect(performance.now() - closing).toBeLessThan(60_000);
		for (const outcome of await Promise.all(asked))
			expect(outcome).toMatch(/^(UND_ERR_SOCKET|ECONNRESET)$/);
	});

	it('can be endless, and then must be used at least once', async () => {
		harness.emulator.fault({ route: '/agents', times: Infinity, status: 503 });
		expect(() => harness.emulator.assertClean()).toThrow(
			'unused fault on GET /agents or POST /agents',
		);
		for (const request of ['GET /agents', 'POST /agents', 'GET /agents'])
			expect((await ask(request)).status).toBe(503);
		harness.emulator.assertClean();
	});

	it('that were not used make assertClean throw', async () => {
		harness.emulator.fault({ route: 'GET /agents', times: 3, status: 500 });
		await ask('GET /agents');
		expect(() => harness.emulator.assertClean()).toThrow(
			'unused fault on GET /agents: used 1 of 3 times',
		);
	});

	it('must name an existing route', () => {
		expect(() => harness.emulator.fault({ route: 'GET /agent', status: 500 })).toThrow(
			'no route GET /agent',
		);
		expect(() => harness.emulator.fault({ route: '/agents', method: 'PUT', status: 500 })).toThrow(
			'no route PUT /agents',
		);
		expect(() => harness.emulator.fault({ route: '/agents', status: 500, times: 0 })).toThrow(
			'times',
		);
		expect(() => harness.emulator.before('GET /nothing', () => {})).toThrow(
			'no route GET /nothing',
		);
	});
});

describe('hooks', () => {
	it('change the allowlist between a read and a write', async () => {
		const [ours, theirs] = [randomAddress(), randomAddress()];
		const { address } = harness.emulator.addAgent();
		const path = `/agents/${address}/authorized-sellers`;
		harness.emulator.before('PUT /agents/{address}/authorized-sellers', () => {
			harness.emulator.updateAgent(address, { allowlist: [theirs] });
		});
		const read = (await ask(`GET ${path}`)).body as string[];
		let seen: string[] = [];
		harness.emulator.after('PUT /agents/{address}/authorized-sellers', async () => {
			await sleep(1);
			seen = harness.emulator.agent(address).allowlist;
		});
		await ask(`PUT ${path}`, { body: { authorized_sellers: [...read, ours] } });
		expect(seen).toEqual([ours]);
		harness.emulator.assertClean();
	});

	it('run once, and put a payment between two pages', async () => {
		const agent = harness.emulator.addAgent();
		harness.emulator.seedActivity(agent, 4);
		harness.emulator.after(
			'GET /agents/{address}/activity',
			() => void harness.emulator.pay({ agent }),
		);
		const pages = [];
		for (const page of [1, 2])
			pages.push(await ask(`GET /agents/${agent.address}/activity?limit=2&page=${page}`));
		const [first, second] = pages.map(
			({ body }) => body as { activity: Array<{ id: string }>; totalCount: number },
		);
		expect([first?.totalCount, second?.totalCount]).toEqual([4, 5]);
		expect(second?.activity[0]?.id).toBe(first?.activity[1]?.id);
	});

	it('revoke the key of the request that they precede', async () => {
		harness.emulator.before('GET /agents', () =>
			harness.emulator.revokeApiKey(harness.emulator.apiKey),
		);
		expect((await ask('GET /agents')).status).toBe(401);
	});

	it('that match nothing, or throw, make assertClean throw', async () => {
		harness.emulator.before('POST /agents', () => {});
		harness.emulator.after('GET /agents', () => {}, {
			match: ({ query }) => query['offset'] === '50',
		});
		expect(() => harness.emulator.assertClean()).toThrow(
			/before POST \/agents never ran[^]*after GET \/agents never ran/,
		);
		harness.emulator.before('GET /agents', () => {
			throw new Error('oh no');
		});
		expect((await ask('GET /agents')).status).toBe(200);
		expect(() => harness.emulator.assertClean()).toThrow('before GET /agents threw: Error: oh no');
	});

	it('and faults whose own code throws are reported', async () => {
		harness.emulator.fault({
			route: 'GET /agents',
			mutate: () => {
				throw new Error('bad test');
			},
		});
		expect((await ask('GET /agents')).status).toBe(500);
		expect(() => harness.emulator.assertClean()).toThrow('bad test');
	});
});

describe('the call log', () => {
	it('contains each request and its user, without the key', async () => {
		const { address } = harness.emulator.addAgent();
		const headers = { 'Ampersend-Client': 'n8n/1.0.0' };
		await ask(`PATCH /agents/${address}?a=1&b=2&b=3`, { body: { name: 'renamed' }, headers });
		await ask('POST /api/v1/sdk/agents', { body: '{oops', whole: true, authorization: null });
		await ask('GET /nowhere?x=1', { whole: true });
		const [patch, post, nowhere] = harness.emulator.calls;
		expect(patch).toMatchObject({
			method: 'PATCH',
			path: `/v1/agents/${address}?a=1&b=2&b=3`,
			route: 'PATCH /agents/{address}',
			mount: '/v1',
			params: { address },
			query: { a: '1', b: ['2', '3'] },
			body: { name: 'renamed' },
			headers: { 'ampersend-client': 'n8n/1.0.0' },
			auth: 'valid',
			keyLabel: 'key-1',
			status: 200,
			outcome: 'answered',
			at: expect.any(Number),
		});
		expect(patch?.headers).not.toHaveProperty('authorization');
		expect(post).toMatchObject({
			mount: '/api/v1/sdk',
			body: '{oops',
			auth: 'missing',
			keyLabel: null,
			status: 401,
		});
		expect(nowhere).toMatchObject({ path: '/nowhere?x=1', route: null, mount: null, status: 404 });
		expect(JSON.stringify(harness.emulator.calls)).not.toContain(harness.emulator.apiKey);

		harness.emulator.clearCalls();
		expect(harness.emulator.calls).toEqual([]);
	});

	it('keeps no key that a client puts in the wrong place, and assertClean reports it', async () => {
		const { apiKey } = harness.emulator;
		await ask(`GET /agents?api_key=${apiKey}`, { headers: { 'x-api-key': apiKey } });
		await ask('POST /agents', { body: { ...newAgent(), name: apiKey } });
		expect(JSON.stringify(harness.emulator.calls)).not.toContain(apiKey);
		expect(harness.emulator.calls[0]).toMatchObject({ query: { api_key: '[key]' }, status: 200 });
		expect(() => harness.emulator.assertClean()).toThrow(
			/a key in the path[^]*a key in the header x-api-key/,
		);
	});
});

describe('latencyMs', () => {
	it('delays every answer', async () => {
		const slow = await startEmulator({ latencyMs: 30 });
		try {
			const asked = performance.now();
			await fetch(`${slow.baseUrl}/agents`);
			expect(performance.now() - asked).toBeGreaterThanOrEqual(28);
		} finally {
			await slow.close();
		}
	});
});

describe('startEmulator', () => {
	it('uses the given port, and says if it cannot', async () => {
		const first = await startEmulator();
		const port = Number(new URL(first.origin).port);
		await expect(startEmulator({ port })).rejects.toThrow('EADDRINUSE');
		await first.close();
		const second = await startEmulator({ port });
		expect(second.origin).toBe(first.origin);
		await second.close();
	});
});
