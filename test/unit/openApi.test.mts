import { describe, expect, it } from '@jest/globals';

import { dropPrototypes } from '../../nodes/Ampersend/domain/json';
import { readOpenApi } from '../../nodes/Ampersend/domain/openApi';
import { parsePublicUrl } from '../../nodes/Ampersend/domain/publicUrl';

const DOCUMENT = 'OpenAPI Document';
const servers = [{ url: 'https://api.example.com/v1' }];

const read = (document: unknown, baseUrl = '') => readOpenApi(DOCUMENT, document, baseUrl);
const documentOf = (paths: object, others: object = {}) => ({
	openapi: '3.1.0',
	servers,
	paths,
	...others,
});
const urlsOf = (document: unknown, baseUrl?: string) =>
	read(document, baseUrl).map(({ method, url }) => `${method} ${url}`);

/** The message and the advice for a document that can't be used. */
function rejectionOf(run: () => unknown): string {
	try {
		run();
	} catch (error) {
		const { message, description } = error as { message: string; description: string };
		return `${message} ${description}`;
	}
	throw new Error('It was accepted');
}

describe('the servers of an OpenAPI document', () => {
	const mixed = documentOf({
		'/plain': { get: {} },
		'/path': { servers: [{ url: 'https://path.example.com/' }], get: {}, post: { servers: [] } },
		'/both': {
			get: {
				servers: [
					{
						url: 'https://{region}.example.com/{base}',
						variables: { region: { default: 'eu', enum: ['eu', 'us'] }, base: { default: 2 } },
					},
					{ url: 'https://other.example.com' },
				],
			},
			servers: [{ url: 'https://path.example.com' }],
		},
	});

	it('are those of the operation, else of the path, else of the document', () => {
		expect(urlsOf(mixed)).toEqual([
			'GET https://api.example.com/v1/plain',
			'GET https://path.example.com/path',
			'POST https://path.example.com/path',
			'GET https://eu.example.com/2/both',
		]);
	});

	it('are replaced by Base URL only where they are those of the document', () => {
		expect(urlsOf(mixed, 'https://base.example.com/')).toEqual([
			'GET https://base.example.com/plain',
			'GET https://path.example.com/path',
			'POST https://path.example.com/path',
			'GET https://eu.example.com/2/both',
		]);
	});

	it('are not needed if each operation has its own', () => {
		const own = { '/a': { get: { servers: [{ url: 'https://own.example.com' }] } } };
		expect(urlsOf({ openapi: '3.0.3', paths: own })).toEqual(['GET https://own.example.com/a']);
	});

	it.each([
		['http://localhost:3000', 'localhost is a name of a private network'],
		['http://127.0.0.1', '127.0.0.1 is an address of a private'],
		['/v1', '"/v1" is not a whole web address'],
		['https://{h}', '"https://{h}" has a variable without a value'],
		['https://{h}.example.com', 'has a variable without a value'],
		['https://api.example.com/{version}', 'has a variable without a value'],
		['https://%7Bh%7D.example.com', 'has a variable without a value'],
		['https://api.example.com?key=1', 'has a "?" or "#", so no path can follow it'],
		['https://api.example.com/#', 'has a "?" or "#", so no path can follow it'],
		['https://api.\nexample.com', 'is not a web address'],
		['ftp://api.example.com', 'is not a web address'],
	])('lead to Base URL if the first is %j', (url, complaint) => {
		const document = documentOf(
			{ '/a': { get: {} } },
			{ servers: [{ url }, { url: 'https://api.example.com' }] },
		);
		const rejection = rejectionOf(() => read(document));
		expect(rejection).toContain(`${DOCUMENT}: servers: `);
		expect(rejection).toContain(complaint);
		expect(rejection).toContain('Add Base URL to Additional Fields.');
		expect(urlsOf(document, 'https://base.example.com')).toEqual([
			'GET https://base.example.com/a',
		]);
	});

	it('are named with their place if they are those of a path or an operation', () => {
		const url = 'http://localhost';
		expect(rejectionOf(() => read(documentOf({ '/a': { get: { servers: [{ url }] } } })))).toBe(
			`${DOCUMENT}: GET /a: servers: localhost is a name of a private network, ` +
				"which Ampersend can't reach. Correct it in the document.",
		);
		expect(
			rejectionOf(() =>
				read(documentOf({ '/a': { servers: [{ url }], get: {} } }), 'https://b.co'),
			),
		).toContain(`${DOCUMENT}: /a: servers: localhost`);
		expect(rejectionOf(() => read(documentOf({ '/a': { servers: 'x', get: {} } })))).toContain(
			`${DOCUMENT}: /a: doesn't match OpenAPI 3`,
		);
	});

	it.each(['https://a.co?x', 'https://a.co/#x', 'https://{h}.a.co', 'https://a.co/{v}'])(
		'are not replaced by %j',
		(baseUrl) => {
			const document = documentOf({ '/a': { get: {} } });
			expect(rejectionOf(() => read(document, baseUrl))).toMatch(/^Base URL: /);
		},
	);
});

describe('a path of an OpenAPI document', () => {
	it.each([
		['/weather', '/v1/weather'],
		['weather', '/v1/weather'],
		['/', '/v1/'],
		['//x.example.com/y', '/v1//x.example.com/y'],
		['/cities/{id}.json', '/v1/cities/{id}.json'],
		['/münchen', '/v1/m%C3%BCnchen'],
		['/100%25/a:b@c', '/v1/100%25/a:b@c'],
		['/.well-known/a..b', '/v1/.well-known/a..b'],
		['/"<>', '/v1/%22%3C%3E'],
	])('%j becomes part of the address as %j', (path, pathname) => {
		expect(urlsOf(documentOf({ [path]: { get: {} } }))).toEqual([
			`GET https://api.example.com${pathname}`,
		]);
	});

	it.each([
		'/a\nb',
		'/a\r\nHost: b',
		'/a\0b',
		'/a b',
		'/a ',
		'/a\tb',
		'/a\u200bb',
		'/a\u202eb',
		'/a?b=c',
		'/a#b',
		'/a\\b',
		'/../admin',
		'/a/%2E%2e/b',
		'/.',
		'/a%00',
		'/a%0d%0Ab',
		'/a%7f',
	])('is rejected with its place: %j', (path) => {
		const rejection = rejectionOf(() => read(documentOf({ [path]: { get: {} } })));
		expect(rejection).toMatch(/^OpenAPI Document: GET \/[^\p{Cc}]*: its path has /u);
		expect(rejection).toContain('Correct it in the document.');
	});

	it.each(['/a{b', '/a}b', '/{}', '/{a}{', '/{a/b}', '/a/%7Bid%7D'])(
		'has no brace but those of parameters: %j',
		(path) => {
			expect(rejectionOf(() => read(documentOf({ [path]: { get: {} } })))).toContain(
				'its path has a brace that belongs to no parameter. Correct it in the document.',
			);
		},
	);

	it.each([
		[{ GET: {} }, '/a: "GET" isn\'t an operation that can be sold'],
		[{ get: {}, Post: {} }, '/a: "Post" isn\'t an operation that can be sold'],
		[{ get: {}, trace: {} }, '/a: "trace" isn\'t'],
		[{ get: {}, query: {} }, '/a: "query" isn\'t'],
		[{ get: {}, additionalOperations: { COPY: {} } }, '/a: "additionalOperations" isn\'t'],
		[{ get: { $ref: '#/b' } }, "$REF GET /a: can't be followed"],
		[{ $ref: '#/b' }, "$REF /a: can't be followed"],
	])('leaves out no operation in silence: %j', (item, complaint) => {
		expect(rejectionOf(() => read(documentOf({ '/a': item })))).toContain(complaint);
	});

	it('has no operation twice', () => {
		const twice: Array<[string, string]> = [
			['/a', 'a'],
			['/\u00fc', '/%C3%BC'],
		];
		for (const [one, other] of twice) {
			const document = documentOf({ [one]: { get: {} }, [other]: { post: {}, get: {} } });
			expect(rejectionOf(() => read(document))).toContain(`GET ${other}: is there twice`);
		}
		expect(urlsOf(documentOf({ '/a': { get: {}, post: {} }, '/a/': { get: {} } }))).toHaveLength(3);
	});

	it('is no path if its name starts with x-, whatever it has', () => {
		for (const extension of ['text', null, 7, ['a'], { get: {} }, { get: 'x' }]) {
			const document = documentOf({ 'x-note': extension, '/a': { get: {}, 'x-more': 'text' } });
			expect(urlsOf(document)).toEqual(['GET https://api.example.com/v1/a']);
		}
	});

	it('keeps the order of its operations', () => {
		const document = documentOf({ '/a': { post: {}, parameters: [], delete: {}, get: {} } });
		expect(read(document).map(({ method }) => method)).toEqual(['POST', 'DELETE', 'GET']);
	});
});

describe('a price in an OpenAPI document', () => {
	const price = { 'x-ampersend-price': '5' };
	it.each<[string, object]>([
		['a path', documentOf({ '/a': { ...price, get: {} } })],
		['the paths', documentOf({ ...price, '/a': { get: {} } })],
		['the document', documentOf({ '/a': { get: {} } }, price)],
		['its info', documentOf({ '/a': { get: {} } }, { info: price })],
	])('is not ignored if it is that of %s', (_, document) => {
		expect(rejectionOf(() => read(document))).toContain('"x-ampersend-price" isn\'t read here.');
	});

	it.each(['X-Ampersend-Price', 'x-ampersend-price-usd', 'x-ampersend-prize', 'x_ampersend_price'])(
		'is not ignored if it is spelled %s',
		(field) => {
			const rejection = rejectionOf(() => read(documentOf({ '/a': { get: { [field]: '5' } } })));
			expect(rejection).toContain(`GET /a: "${field}" isn't read here. Use only these`);
		},
	);
});

describe('the JSON of an OpenAPI document', () => {
	it('may start with a byte order mark', () => {
		const text = JSON.stringify(documentOf({ '/a': { get: {} } }));
		expect(urlsOf(`\ufeff${text}\n`)).toEqual(['GET https://api.example.com/v1/a']);
	});

	const hidden =
		'{"openapi":"3.0.0","paths":{"/a":{"get":{"__proto__":{"x-ampersend-price":"0.000001",' +
		'"x-ampersend-name":"Hidden","servers":[{"url":"https://hidden.example.com"}]}},' +
		'"__proto__":{"post":{}}},"__proto__":{"/b":{"get":{}}}},' +
		'"servers":[{"url":"https://{h}.example.com",' +
		'"variables":{"h":{"default":"a"},"__proto__":{"x":{"default":"b"}}}}]}';
	it.each([
		['text', hidden],
		['an object', JSON.parse(hidden) as unknown],
	])('sets nothing by the name __proto__, as %s', (_, document) => {
		const before = JSON.stringify(document);
		const [operation, ...others] = read(document);
		expect(others).toEqual([]);
		expect(operation).toMatchObject({ name: 'GET /a', url: 'https://a.example.com/a' });
		expect(operation?.price).toBeUndefined();
		expect(JSON.stringify(document)).toBe(before);
	});

	it('can be deep, and cannot be a circle', () => {
		const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
		const text = JSON.stringify(documentOf({ '/a': { get: {} } })).replace(/}$/, `,"x":${deep}}`);
		expect(urlsOf(text)).toHaveLength(1);
		const circle: Record<string, unknown> = {};
		circle.x = circle;
		expect(rejectionOf(() => read(circle))).toContain('is not JSON.');
	});
});

describe('JSON without __proto__', () => {
	it('keeps everything else, at any depth', () => {
		const value: unknown = JSON.parse(
			'[{"a":{"__proto__":{"b":1},"c":[{"__proto__":7,"d":null}]}}]',
		);
		dropPrototypes(value);
		expect(JSON.stringify(value)).toBe('[{"a":{"c":[{"d":null}]}}]');
		for (const other of [null, undefined, 'text', 7]) dropPrototypes(other);
	});
});

describe('an address on the internet', () => {
	it.each(['https://{h}.example.com', 'https://*.example.com', 'https://$host.example.com/a'])(
		'has no placeholder for its host: %j',
		(url) => {
			expect(rejectionOf(() => parsePublicUrl('Proxy URL', url))).toContain('is not a host name');
		},
	);

	it.each([
		'https://.example.com',
		'https://a..example.com',
		'https://a.example.com..',
		`https://${'z'.repeat(64)}.com`,
		`https://${'a.'.repeat(126)}com`,
	])('has a host name that DNS allows: %j', (url) => {
		expect(rejectionOf(() => parsePublicUrl('Proxy URL', url))).toContain('is not a host name');
	});

	it.each(['test', 'invalid', 'onion', 'alt', 'localdomain'])(
		'has no name that is not on the internet: .%s',
		(name) => {
			const url = `https://api.${name}/`;
			expect(rejectionOf(() => parsePublicUrl('Proxy URL', url))).toContain('private network');
		},
	);

	it.each([
		'https://a.example.com/a\0b',
		'https://a.example.com/\u200b',
		'https://a.example.com/\u202ex',
	])('has no invisible character: %j', (url) => {
		expect(rejectionOf(() => parsePublicUrl('Proxy URL', url))).toContain('is not a web address');
	});

	it.each([
		'https://my_api.example.com',
		'https://münchen.de/ä',
		'https://[2606:4700::1]/{id}?a=b',
	])('is returned as it was entered: %j', (url) => {
		expect(parsePublicUrl('Proxy URL', url)).toBe(url);
	});

	it('is accepted however often one is read', () => {
		const read = () => parsePublicUrl('Proxy URL', 'https://münchen.de/ä');
		expect(() => Array.from({ length: 20_000 }, read)).not.toThrow();
	});
});
