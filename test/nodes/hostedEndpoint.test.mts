import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import type { HostedEndpoint } from '../../tools/emulator/index.mts';
import { jsonOf, LOGIN, useAgentSession } from './agentSession.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const session = useAgentSession(service);

const run = async (operation: string, parameters: INodeParameters = {}) =>
	await session.run({ resource: 'hostedEndpoint', operation, ...parameters });

const weather = { name: 'Weather', price: '0.01', proxyUrl: 'https://api.example.com/weather' };

const byId = (id: unknown) => ({ mode: 'id', value: String(id) });

/** The only endpoint of the agent, as the service has it. */
function theEndpoint(): HostedEndpoint {
	const [endpoint, ...others] = service.emulator.hostedEndpoints(session.agent);
	expect(others).toEqual([]);
	if (!endpoint) throw new Error('There is no endpoint');
	return endpoint;
}

async function createOne(): Promise<HostedEndpoint> {
	jsonOf(await run('create', weather));
	service.emulator.clearCalls();
	return theEndpoint();
}

const lastBody = () => service.emulator.calls.at(-1)?.body;

describe('an agent sells an API', () => {
	it('with only a name, a price and an address', async () => {
		const [created] = jsonOf(await run('create', weather));
		expect(lastBody()).toEqual({
			agent_address: session.agent.address,
			name: 'Weather',
			price_usd: 0.01,
			proxy_url: 'https://api.example.com/weather',
		});
		const { id, createdAt } = theEndpoint();
		const at = new Date(createdAt).toISOString();
		expect(created).toEqual({
			id,
			name: 'Weather',
			description: '',
			enabled: true,
			accessUrl: null,
			priceUsdc: '0.01',
			priceUsdcMicro: '10000',
			network: 'base-sepolia',
			proxyUrl: 'https://api.example.com/weather',
			proxyTimeoutMs: 30_000,
			allowedMethods: ['GET'],
			proxyHeaderNames: [],
			requiredHeaderNames: [],
			rateLimitPerMinute: 60,
			instructions: null,
			slug: 'weather',
			agentAddress: session.agent.address,
			agentSlug: null,
			createdAt: at,
			updatedAt: at,
			deletedAt: null,
		});
	});

	it('with all settings', async () => {
		const additionalFields = {
			allowedMethods: ['GET', 'POST'],
			description: 'By city',
			instructions: '# Call it',
			proxyHeaders: {
				header: [{ headerName: 'X-Api-Key', headerValue: 'a secret for the API' }],
			},
			requiredHeaders: 'X-City, X-Country',
			rateLimit: 10,
			timeout: '60000',
		};
		const outcome = await run('create', { ...weather, additionalFields });
		expect(jsonOf(outcome)).toMatchObject([
			{
				allowedMethods: ['GET', 'POST'],
				description: 'By city',
				instructions: '# Call it',
				proxyHeaderNames: ['X-Api-Key'],
				requiredHeaderNames: ['X-City', 'X-Country'],
				rateLimitPerMinute: 10,
				proxyTimeoutMs: 60_000,
			},
		]);
		expect(JSON.stringify(outcome.items)).not.toContain('a secret for the API');
		expect(theEndpoint().proxyHeaders).toEqual({ 'X-Api-Key': 'a secret for the API' });
	});

	it.each(['0.000001', '0.1', '1234.567891', '999999999.999999'])(
		'at a price of %s, to the last digit',
		async (price) => {
			const [created] = jsonOf(await run('create', { ...weather, price }));
			expect(created).toMatchObject({ priceUsdc: price });
			expect(JSON.stringify(lastBody())).toContain(`"price_usd":${price},`);
		},
	);

	it('sees the address for buyers once it has a public name', async () => {
		const { agent } = session;
		service.emulator.updateAgent(agent, { slug: 'buyer' });
		expect(jsonOf(await run('create', weather))).toMatchObject([
			{ agentSlug: 'buyer', accessUrl: 'https://buyer.example.com/weather' },
		]);
	});
});

describe('nothing is sent', () => {
	const extra = (additionalFields: INodeParameters) => ({ ...weather, additionalFields });
	const url = (proxyUrl: string) => ({ ...weather, proxyUrl });
	const headers = (...pairs: Array<[string, string]>) =>
		extra({
			proxyHeaders: {
				header: pairs.map(([headerName, headerValue]) => ({ headerName, headerValue })),
			},
		});

	it.each<[string, INodeParameters, string]>([
		['without a name', { ...weather, name: ' ' }, 'Name: is empty.'],
		['for a private key as name', { ...weather, name: `0x${'ab'.repeat(32)}` }, 'Name: contains'],
		['for an API key as name', { ...weather, name: 'my sk_live_ab' }, 'looks like a key'],
		['for a key in the URL', url('https://api.example.com/?k=sk_live_1'), 'Proxy URL: contains'],
		['without a price', { ...weather, price: ' ' }, 'Price (USDC): is empty.'],
		['for a price of 0', { ...weather, price: '0.00' }, 'Price (USDC): is 0.'],
		['for seven decimals', { ...weather, price: '0.0000001' }, 'more than six decimals'],
		['for a negative price', { ...weather, price: '-1' }, 'has a sign'],
		['for a huge price', { ...weather, price: '1234567890.123456' }, 'more than 15 digits'],
		['without a proxy URL', url(' '), 'Proxy URL: is empty.'],
		['for a path', url('/weather'), 'Proxy URL: is not a web address.'],
		['for another scheme', url('ftp://api.example.com'), 'Proxy URL: is not a web address.'],
		['for a placeholder', url('https://{h}.example.com'), '{h}.example.com is not a host name'],
		['for a password', url('https://me:pass@api.example.com'), 'Proxy URL: contains a user name'],
		['for a method that does not exist', extra({ allowedMethods: ['FETCH'] }), '"FETCH" is not'],
		['for no method', extra({ allowedMethods: [] }), 'Allowed Methods: is empty.'],
		['for a low rate', extra({ rateLimit: 9 }), 'Rate Limit per Minute: "9" isn\'t'],
		['for a high rate', extra({ rateLimit: 10_001 }), 'from 10 to 10000'],
		['for a short timeout', extra({ timeout: 4_999 }), 'Timeout (Ms): "4999" isn\'t'],
		['for a header with a space', headers(['X Key', 'value']), '"X Key" is not the name'],
		['for a header without a value', headers(['X-Key', '']), 'Proxy Headers: X-Key: is empty.'],
		['for a line break in a value', headers(['X-Key', 'a\r\nHost: b']), 'such as a line break'],
		['for a header twice', headers(['X-Key', 'a'], ['x-key', 'b']), 'has "x-key" twice'],
		...Object.entries({
			allowedMethods: 'Allowed Methods',
			rateLimit: 'Rate Limit per Minute',
			requiredHeaders: 'Required Headers',
		}).map(([name, title]): [string, INodeParameters, string] => [
			`if an expression for ${title} gives no value`,
			extra({ [name]: '={{ $json.wrong }}' }),
			`${title}: the expression gives no value.`,
		]),
		['for a required header of two lines', extra({ requiredHeaders: 'X-City:' }), '"X-City:"'],
	])('%s', async (_, parameters, message) => {
		const { error } = await run('create', parameters);
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(service.emulator.calls).toEqual([]);
	});

	it.each([
		'http://127.0.0.1:8080',
		'http://localhost/x',
		'http://10.1.2.3',
		'https://192.168.0.10/api',
		'https://172.20.0.1',
		'http://169.254.169.254/latest/meta-data',
		'http://100.64.0.1',
		'http://0x7f.1/',
		'http://2130706433/',
		'http://[::1]/',
		'http://[fd00::1]/',
		'http://[fe80::1]/',
		'http://[::ffff:10.0.0.1]/',
		'http://[::127.0.0.1]/',
		'http://[::a00:1]/',
		'http://[::2]/',
		'http://[fec0::1]/',
		'http://[4000::1]/',
		'http://0.0.0.0/',
		'https://db.internal',
		'https://printer.local.',
		'https://intranet/api',
	])('for the private address %s, which is named', async (proxyUrl) => {
		const { error } = await run('create', { ...weather, proxyUrl });
		expect(error?.message).toContain(`Proxy URL: ${new URL(proxyUrl).hostname.replace(/\.$/, '')}`);
		expect(error?.message).toContain("which Ampersend can't reach");
		expect(service.emulator.calls).toEqual([]);
	});

	it.each(['get', 'update', 'enable', 'delete', 'test', 'rotateSecret'])(
		'by %s without an endpoint, or with a path instead of an ID',
		async (operation) => {
			for (const value of [' ', '..', '../agents', 'a/b', 'a b', 'x'.repeat(600)]) {
				const { error } = await run(operation, {
					hostedEndpoint: byId(`={{ ${JSON.stringify(value)} }}`),
				});
				expect(error?.message).toMatch(/^Hosted Endpoint: /);
			}
			expect(service.emulator.calls).toEqual([]);
		},
	);

	it('by an update without fields', async () => {
		const { error } = await run('update', { hostedEndpoint: byId('x'), updateFields: {} });
		expect(error?.message).toBe('Update Fields: no field has a new value.');
	});

	it('with an API key', async () => {
		const { error } = await service.run({ resource: 'hostedEndpoint', operation: 'getMany' });
		expect(error?.message).toBe("Credential: an API key can't be used for Hosted Endpoint.");
		expect(error?.description).toContain('an Ampersend Agent API credential');
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('the life of a hosted endpoint', () => {
	it('is read alone and with the others', async () => {
		const { id } = await createOne();
		jsonOf(await run('create', { ...weather, name: 'Maps' }));
		expect(jsonOf(await run('get', { hostedEndpoint: byId(id) }))).toMatchObject([{ id }]);
		expect(jsonOf(await run('getMany'))).toMatchObject([{ id }, { name: 'Maps' }]);
		expect(jsonOf(await run('getMany', { limit: 1 }))).toHaveLength(1);
	});

	it.each([
		['get', 'GET', {}, "The answer isn't used."],
		['update', 'PATCH', { updateFields: { name: 'New' } }, 'The change was accepted, but it is'],
		['disable', 'PATCH', {}, 'The change was accepted, but it is unclear for which one.'],
	])('rejects an answer with another one (%s)', async (operation, method, more, outcome) => {
		const { id } = await createOne();
		service.emulator.fault({
			route: `${method} /agents/{address}/hosted-endpoints/{id}`,
			mutate: (body) => ({ ...(body as object), id: 'another' }),
		});
		const { items, error } = await run(operation, { hostedEndpoint: byId(id), ...more });
		expect(items).toEqual([]);
		expect(error?.message).toMatch(/, and its answer belongs to another one: id is "another"\.$/);
		expect(error?.description).toContain(outcome);
	});

	it('changes only what an update names', async () => {
		const { id } = await createOne();
		const updateFields = { price: '0.25', instructions: '# New', name: 'Weather 2' };
		const updated = jsonOf(await run('update', { hostedEndpoint: byId(id), updateFields }));
		expect(lastBody()).toEqual({
			name: 'Weather 2',
			price_usd: 0.25,
			instructions: { markdown: '# New' },
		});
		expect(updated).toMatchObject([{ priceUsdc: '0.25', proxyUrl: weather.proxyUrl }]);
		jsonOf(await run('update', { hostedEndpoint: byId(id), updateFields: { instructions: '' } }));
		expect(theEndpoint().instructions).toBeNull();
	});

	it('keeps texts for which an expression gives no value', async () => {
		const { id } = await createOne();
		const before = theEndpoint();
		for (const nothing of ['={{ null }}', '={{ $json.wrong }}']) {
			const updateFields = { instructions: nothing, description: nothing, name: 'Weather 2' };
			jsonOf(await run('update', { hostedEndpoint: byId(id), updateFields }));
			expect(lastBody()).toEqual({ name: 'Weather 2' });
		}
		expect(theEndpoint().instructions).toEqual(before.instructions);
	});

	it('rejects an empty name, price or address in an update', async () => {
		const { id } = await createOne();
		for (const name of ['name', 'price', 'proxyUrl']) {
			const updateFields = { [name]: '' };
			const { error } = await run('update', { hostedEndpoint: byId(id), updateFields });
			expect(error?.message).toContain('is empty.');
		}
		expect(service.emulator.calls).toEqual([]);
	});

	it('is disabled, enabled, tested and deleted', async () => {
		const { id } = await createOne();
		const hostedEndpoint = byId(id);
		expect(jsonOf(await run('disable', { hostedEndpoint }))).toMatchObject([{ enabled: false }]);
		expect(theEndpoint().enabled).toBe(false);
		expect(jsonOf(await run('enable', { hostedEndpoint }))).toMatchObject([{ enabled: true }]);
		expect(jsonOf(await run('test', { hostedEndpoint }))).toEqual([
			{ id, status: 200, latencyMs: 12.5 },
		]);
		expect(jsonOf(await run('delete', { hostedEndpoint }))).toEqual([{ deleted: true, id }]);
		expect(service.emulator.hostedEndpoints(session.agent)).toEqual([]);
		const { error } = await run('get', { hostedEndpoint });
		expect(error?.message).toContain('Hosted endpoint not found');
		expect(error?.description).toContain('Check the ID, token or name.');
	});

	it('gets and loses headers, whose values never come back', async () => {
		const { id } = await createOne();
		const hostedEndpoint = byId(id);
		const header = { hostedEndpoint, headerName: 'X-Api-Key' };
		const headerValue = 'secret of the API';
		const added = await run('addProxyHeader', { ...header, headerValue });
		expect(jsonOf(added)).toMatchObject([{ proxyHeaderNames: ['X-Api-Key'] }]);
		expect(JSON.stringify(added.items)).not.toContain(headerValue);
		expect(theEndpoint().proxyHeaders).toEqual({ 'X-Api-Key': headerValue });
		expect(jsonOf(await run('removeProxyHeader', header))).toMatchObject([
			{ proxyHeaderNames: [] },
		]);
		expect(jsonOf(await run('addRequiredHeader', header))).toMatchObject([
			{ requiredHeaderNames: ['X-Api-Key'] },
		]);
		expect(jsonOf(await run('removeRequiredHeader', header))).toMatchObject([
			{ requiredHeaderNames: [] },
		]);
		const { error } = await run('removeRequiredHeader', header);
		expect(error?.message).toContain('No required header "X-Api-Key"');
	});

	it('takes any name that a header can have', async () => {
		const { id } = await createOne();
		const header = { hostedEndpoint: byId(id), headerName: "!#$%&'*+-.^_`|~09" };
		jsonOf(await run('addProxyHeader', { ...header, headerValue: 'x' }));
		expect(Object.keys(theEndpoint().proxyHeaders)).toEqual([header.headerName]);
		jsonOf(await run('removeProxyHeader', header));
		expect(theEndpoint().proxyHeaders).toEqual({});
	});
});

describe('a secret', () => {
	it('is shown once, and marked', async () => {
		const { id } = await createOne();
		const outcome = await run('rotateSecret', { hostedEndpoint: byId(id) });
		const { signingSecret } = theEndpoint();
		expect(jsonOf(outcome)).toEqual([
			{ id, signingSecret, notice: expect.stringContaining('shown only once') },
		]);
		expect(outcome.hints).toMatchObject([
			{ message: expect.stringContaining('signingSecret is shown only once') },
		]);
		expect(JSON.stringify(outcome.hints)).not.toContain(signingSecret);
	});

	it('is in no error, even if the answer has another form', async () => {
		const { id } = await createOne();
		const leak = `leaked-${id}`;
		service.emulator.fault({
			route: 'POST /agents/{address}/hosted-endpoints/{id}/rotate-secret',
			mutate: () => ({ secret: leak }),
		});
		const { error, run: stored } = await run('rotateSecret', { hostedEndpoint: byId(id) });
		expect(error?.message).toContain('signingSecret is missing');
		expect(JSON.stringify([error, stored])).not.toContain(leak);
	});

	it.each(['a header of one endpoint', 'a header of a new endpoint'])(
		'in %s is in no error, even if the service repeats it',
		async (which) => {
			const { id } = await createOne();
			const headerValue = 'secret-of-the-API';
			const route = which.includes('new')
				? 'POST /agents/{address}/hosted-endpoints'
				: 'POST /agents/{address}/hosted-endpoints/{id}/proxy-headers';
			service.emulator.fault({
				route,
				status: 400,
				body: { message: `value ${headerValue} is not allowed` },
			});
			const header = [{ headerName: 'X-Key', headerValue }];
			const { error } = which.includes('new')
				? await run('create', { ...weather, additionalFields: { proxyHeaders: { header } } })
				: await run('addProxyHeader', {
						hostedEndpoint: byId(id),
						headerName: 'X-Key',
						headerValue,
					});
			expect(error?.message).toContain('is not allowed');
			expect(JSON.stringify([error?.message, error?.description])).not.toContain(headerValue);
		},
	);
});

/** The part of the service's answer that says what is sold. */
interface HostedEndpointRow {
	name: string;
	price_usd: number | string;
}

describe('a price that comes back as another one', () => {
	it.each([
		['create', 'POST', '', weather],
		['update', 'PATCH', '/{id}', { updateFields: { price: '0.01' } }],
	])('stops the workflow: %s', async (operation, method, path, parameters) => {
		const { id } = await createOne();
		service.emulator.fault({
			route: `${method} /agents/{address}/hosted-endpoints${path}`,
			mutate: (body) => ({ ...(body as HostedEndpointRow), price_usd: 10 }),
		});
		const { error } = await run(operation, {
			hostedEndpoint: byId(id),
			...parameters,
			...(operation === 'create' && { name: 'Maps' }),
		});
		expect(error?.message).toContain('with a price of 0.01 USDC, and came back with 10.');
	});
});

describe('many endpoints from an OpenAPI document', () => {
	const document = {
		openapi: '3.1.0',
		servers: [
			{ url: 'https://{region}.example.com/v1/', variables: { region: { default: 'eu' } } },
		],
		paths: {
			'/weather': {
				summary: 'Not an operation',
				get: { summary: 'Weather', description: 'By city', 'x-ampersend-price': 0.02 },
				post: { operationId: 'report', 'x-ampersend-rate-limit': 100 },
			},
			'/cities/{id}': { get: { 'x-ampersend-name': 'City', 'x-ampersend-price': '0.000001' } },
		},
	};
	const many = async (parameters: INodeParameters = {}) =>
		await run('createMany', { document: JSON.stringify(document), price: '0.01', ...parameters });

	it('are created in one call', async () => {
		expect(jsonOf(await many())).toMatchObject([
			{
				name: 'Weather',
				description: 'By city',
				priceUsdc: '0.02',
				proxyUrl: 'https://eu.example.com/v1/weather',
				allowedMethods: ['GET'],
			},
			{ name: 'report', priceUsdc: '0.01', rateLimitPerMinute: 100, allowedMethods: ['POST'] },
			{ name: 'City', priceUsdc: '0.000001', proxyUrl: 'https://eu.example.com/v1/cities/{id}' },
		]);
		expect(service.seen).toEqual([...LOGIN, 'POST /agents/{address}/hosted-endpoints/bulk']);
	});

	it('take another base URL, and a timeout', async () => {
		const additionalFields = { baseUrl: 'https://api.example.com/', timeout: 5_000 };
		const created = jsonOf(await many({ document, additionalFields } as INodeParameters));
		expect(created).toMatchObject([
			{ proxyUrl: 'https://api.example.com/weather', proxyTimeoutMs: 5_000 },
			{},
			{},
		]);
	});

	it('are all or none', async () => {
		jsonOf(await run('create', { ...weather, name: 'City' }));
		const { error } = await many();
		expect(error?.message).toContain('There is an endpoint "city" already');
		expect(service.emulator.hostedEndpoints(session.agent)).toHaveLength(1);
	});

	it('are sold at the server of the operation or the path, as the document says', async () => {
		const paths = {
			'x-note': 'not a path',
			'/a': { get: { summary: 'A', servers: [{ url: 'https://one.example.com' }] } },
			'/b': { servers: [{ url: 'https://two.example.com/v2' }], get: { summary: 'B' } },
		};
		const text = `\ufeff${JSON.stringify({ ...document, paths })}`;
		expect(jsonOf(await many({ document: text }))).toMatchObject([
			{ proxyUrl: 'https://one.example.com/a' },
			{ proxyUrl: 'https://two.example.com/v2/b' },
		]);
	});

	it('cost what the document shows, whatever is in __proto__', async () => {
		const hidden = JSON.stringify({
			...document,
			paths: { '/a': { get: { summary: 'A', proto: { 'x-ampersend-price': 5 } } } },
		}).replace('"proto"', '"__proto__"');
		expect(jsonOf(await many({ document: hidden }))).toMatchObject([{ priceUsdc: '0.01' }]);
	});

	it.each<[string, (rows: HostedEndpointRow[]) => HostedEndpointRow[], string]>([
		['one comes back', ([first]) => [first!], '3 hosted endpoints were sent, and 1 came back'],
		['none comes back', () => [], '3 hosted endpoints were sent, and 0 came back'],
		['one comes back twice', (rows) => [...rows, rows[0]!], 'and 4 came back'],
		[
			'a price is another one',
			(rows) => rows.map((row, i) => (i === 0 ? { ...row, price_usd: 0.2 } : row)),
			'"Weather" was sent with a price of 0.02 USDC, and came back with 0.2',
		],
		[
			'prices change places',
			(rows) => rows.map((row, i) => ({ ...row, price_usd: rows[(i + 1) % 3]!.price_usd })),
			'"Weather" was sent with a price of 0.02 USDC, and came back with 0.01',
		],
		[
			'prices change places and names are others',
			(rows) =>
				rows.map((row, i) => ({ ...row, name: `n${i}`, price_usd: rows[(i + 1) % 3]!.price_usd })),
			'"Weather" was sent with a price of 0.02 USDC, and did not come back with it',
		],
		[
			'a price and a name are others',
			(rows) => rows.map((row, i) => (i === 1 ? { ...row, name: 'x', price_usd: 9 } : row)),
			'"report" was sent with a price of 0.01 USDC, and did not come back with it',
		],
	])('stop the workflow if %s', async (_, change, difference) => {
		service.emulator.fault({
			route: 'POST /agents/{address}/hosted-endpoints/bulk',
			mutate: (body) => change(body as HostedEndpointRow[]),
		});
		const { items, error } = await many();
		expect(items).toEqual([]);
		expect(error?.message).toContain(`Ampersend's answer isn't what was sent: `);
		expect(error?.message).toContain(difference);
		expect(error?.description).toContain('The change was accepted, so it was not sent again.');
		expect(error?.description).toContain('Hosted Endpoint: Get Many');
	});

	it('may come back in another order, with prices as text and a name spelled anew', async () => {
		service.emulator.fault({
			route: 'POST /agents/{address}/hosted-endpoints/bulk',
			mutate: (body) =>
				(body as HostedEndpointRow[])
					.map((row, i) => ({
						...row,
						price_usd: `${row.price_usd}0`,
						name: i === 1 ? 'REPORT' : row.name,
					}))
					.reverse(),
		});
		expect(jsonOf(await many())).toHaveLength(3);
	});

	const changed = (changes: object) => JSON.stringify({ ...document, ...changes });
	const weatherWith = (get: object) => changed({ paths: { '/weather': { get } } });
	it.each<[string, INodeParameters, string]>([
		['no document', { document: ' ' }, 'OpenAPI Document: is empty.'],
		['YAML', { document: 'openapi: 3.1.0' }, 'OpenAPI Document: is not JSON.'],
		['a list', { document: '[]' }, 'OpenAPI Document: is not OpenAPI 3.'],
		['Swagger 2', { document: '{"swagger": "2.0"}' }, 'OpenAPI Document: is not OpenAPI 3.'],
		['no paths', { document: '{"openapi": "3.0.0"}' }, 'OpenAPI Document: "paths" is missing'],
		['no operations', { document: changed({ paths: {} }) }, 'has no operations.'],
		['no server', { document: changed({ servers: [] }) }, 'names no server.'],
		['a relative server', { document: changed({ servers: [{ url: '/v1' }] }) }, '"/v1" is not'],
		[
			'a private server',
			{ document: changed({ servers: [{ url: 'http://10.0.0.1' }] }) },
			'OpenAPI Document: servers: 10.0.0.1 is an address of a private',
		],
		[
			'a path with a line break',
			{ document: changed({ paths: { '/a\nb': { get: {} } } }) },
			'OpenAPI Document: GET /a b: its path has white space',
		],
		[
			'a base URL with a query',
			{ additionalFields: { baseUrl: 'https://api.example.com?key=1' } },
			'Base URL: has a "?" or "#"',
		],
		[
			'a placeholder for a host',
			{ document: changed({ servers: [{ url: 'https://{h}' }] }) },
			'"https://{h}" has a variable without a value',
		],
		[
			'a private base URL',
			{ additionalFields: { baseUrl: 'http://localhost' } },
			'Base URL: localhost is a name of a private network',
		],
		['no default price', { price: ' ' }, 'Default Price (USDC): is empty.'],
		[
			'a price of 0',
			{ document: weatherWith({ 'x-ampersend-price': 0 }) },
			'OpenAPI Document: GET /weather: x-ampersend-price: is 0.',
		],
		[
			'a price with too many decimals',
			{ document: weatherWith({ 'x-ampersend-price': '0.1234567' }) },
			'GET /weather: x-ampersend-price: "0.1234567" has more than six decimals',
		],
		[
			'a low rate',
			{ document: weatherWith({ 'x-ampersend-rate-limit': 1 }) },
			'GET /weather: x-ampersend-rate-limit: "1" isn\'t',
		],
		['a text for an operation', { document: changed({ paths: { '/a': { get: 'x' } } }) }, 'GET /a'],
		['a reference', { document: changed({ paths: { '/a': { $ref: '#/x' } } }) }, '$REF /a'],
	])('are not created from %s', async (_, parameters, message) => {
		const { error } = await many(parameters);
		expect(error?.message).toContain(message);
		expect(error?.description).toBeTruthy();
		expect(service.emulator.calls).toEqual([]);
	});
});

describe('an answer about another agent', () => {
	it.each(['get', 'getMany'])('is rejected by %s', async (operation) => {
		const { id } = await createOne();
		const other = service.emulator.addAgent().address;
		const [path, mutate] =
			operation === 'get'
				? ['/{id}', (body: unknown) => ({ ...(body as object), agent_address: other })]
				: ['', (body: unknown) => [{ ...(body as object[])[0], agent_address: other }]];
		service.emulator.fault({
			route: `GET /agents/{address}/hosted-endpoints${String(path)}`,
			mutate: mutate as (body: unknown) => unknown,
		});
		const { error } = await run(operation, { hostedEndpoint: byId(id) });
		expect(error?.message).toContain('belongs to another agent');
	});
});

describe('a lost answer', () => {
	it.each([
		['create', weather],
		['createMany', { document: '{"openapi":"3.0.0","paths":{"/a":{"get":{}}}}', price: '1' }],
	])('to %s is not repeated, and says how to check', async (operation, parameters) => {
		const path = operation === 'create' ? '' : '/bulk';
		service.emulator.fault({
			route: `POST /agents/{address}/hosted-endpoints${path}`,
			reset: true,
			when: 'after',
		});
		const additionalFields: INodeParameters =
			operation === 'create' ? {} : { baseUrl: 'https://api.example.com' };
		const { error } = await run(operation, { ...parameters, additionalFields });
		expect(error?.description).toContain('The change may have been made');
		expect(error?.description).toContain('Hosted Endpoint: Get Many');
		expect(service.emulator.hostedEndpoints(session.agent)).toHaveLength(1);
	});
});

describe('a value that the service rejects', () => {
	it.each([
		['create', 'POST', '', weather, ['proxy_url'], 'Proxy URL'],
		['update', 'PATCH', '/{id}', { updateFields: { price: '2' } }, ['price_usd'], 'Price (USDC)'],
		[
			'addProxyHeader',
			'POST',
			'/{id}/proxy-headers',
			{ headerName: 'X-Key', headerValue: 'secret-of-the-API' },
			['value'],
			'Header Value',
		],
		[
			'addRequiredHeader',
			'POST',
			'/{id}/required-headers',
			{ headerName: 'X-City' },
			['name'],
			'Header Name',
		],
	])('is named by %s as in the editor', async (...row) => {
		const [operation, method, path, parameters, issuePath, field] = row;
		const { id } = await createOne();
		const route = `${method} /agents/{address}/hosted-endpoints${path}`;
		const issues = [{ path: issuePath, message: 'Not allowed' }];
		service.emulator.fault({ route, status: 422, body: { issues } });
		const { error } = await run(operation, { hostedEndpoint: byId(id), ...parameters });
		expect(error?.message).toBe(`${field}: Not allowed`);
		expect(error?.description).toContain('(HTTP 422)');
	});
});
