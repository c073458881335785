import { randomBytes } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { NodeApiError, NodeOperationError, type INode } from 'n8n-workflow';

import {
	CredentialError,
	resolveConnection,
} from '../../nodes/Ampersend/api/connection/deployments';
import {
	CallError,
	errorFor,
	errorForNoAnswer,
	errorForNotJson,
	errorForStatus,
	redact,
	toNodeError,
	type Call,
} from '../../nodes/Ampersend/api/errors';
import { routes, type Route } from '../../nodes/Ampersend/api/routes';
import { ParameterError } from '../../nodes/Ampersend/domain/parameter';

const key = `sk_test_${randomBytes(24).toString('hex')}`;
const node: INode = {
	id: '1',
	name: 'Ampersend',
	type: 'ampersend',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

const callOf = (route: Route): Call => ({
	route,
	path: route.path.replace(/\{\w+\}/g, `0x${'ab'.repeat(20)}`),
	connection: resolveConnection({ apiKey: key }),
});
const read = callOf(routes.listActivity);
const write = callOf(routes.createAgent);

describe('a key', () => {
	it('is hidden in any text', () => {
		for (const prefix of ['sk_live_', 'sk_test_']) {
			const secret = prefix + randomBytes(24).toString('hex');
			for (const text of [
				secret,
				`Bearer ${secret}`,
				`{"authorization":"Bearer ${secret}"}`,
				`<p>${secret}</p>`,
				`https://x.example/?key=${secret}&a=1`,
				`${secret} and ${secret}`,
			]) {
				expect(redact(text)).not.toContain(secret.slice(8));
				expect(redact(text)).toContain(`${prefix}…`);
			}
		}
	});

	it('is the only thing hidden', () => {
		fc.assert(
			fc.property(fc.string(), (text) => redact(text) === text || /sk_(live|test)_/.test(text)),
		);
		expect(redact(`before ${key} after`)).toBe('before sk_test_… after');
	});

	it("of someone else never shows after what nobody sees in it, in the service's messages", () => {
		const rest = randomBytes(8).toString('hex');
		const { message } = errorForStatus(read, 400, { message: `no key sk_live_ab\u200b${rest}` });
		expect(message).toContain('no key sk_live_…');
		expect(message).not.toContain(rest);
	});

	it("never shows in the service's messages", () => {
		const said = [
			{ message: `no such key ${key}` },
			{ issues: [{ path: ['key', key], message: `bad ${key}` }] },
		];
		for (const body of said) {
			for (const status of [400, 403, 404, 409, 500]) {
				const { message, description } = errorForStatus(read, status, body, undefined);
				expect(message + description).not.toContain(key.slice(8));
				expect(message).toContain('sk_test_…');
			}
		}
	});

	it('never shows without its prefix, or in part if text is cut', () => {
		const tail = key.slice(8);
		for (let before = 180; before <= 200; before++) {
			const said = { message: `${'x'.repeat(before)}${tail}` };
			const { message } = errorForStatus(read, 400, said, undefined);
			expect(message).not.toContain(tail.slice(0, 4));
			const { cause } = errorForNoAnswer(read, new Error(said.message), 1000);
			expect((cause as Error).message).not.toContain(tail.slice(0, 4));
			expect(errorForNotJson(read, 200, 'x', said.message).message).not.toContain(tail.slice(0, 4));
		}
	});

	it('never shows if it is in the Base URL', () => {
		// Shorter than a private key, which no Base URL can have.
		const tail = randomBytes(18).toString('hex');
		const call = {
			...write,
			connection: resolveConnection({
				apiKey: `sk_test_${tail}`,
				baseUrl: `https://${tail}.example/${tail}`,
			}),
		};
		const { message, description } = errorForNotJson(call, 200, '', '');
		expect(message + description).not.toContain(tail);
		expect(description).toContain('The Base URL is https://….example/….');
		const rejection = new CredentialError(`not for ${tail}`, `not ${tail}`);
		const shown = errorForNoAnswer(call, new Error('x', { cause: rejection }), 1000);
		expect(shown).toMatchObject({ message: 'not for …', description: 'not …' });
	});

	it('never shows in the cause of a call without an answer', () => {
		const original = Object.assign(new Error(`connect failed with ${key}`), {
			code: 'ECONNRESET',
			config: { headers: { Authorization: `Bearer ${key}` } },
		});
		const wrapped = new Error('request failed', { cause: original });
		const { message, cause } = errorForNoAnswer(read, wrapped, 30_000);
		expect(message).toContain('ECONNRESET');
		expect((cause as Error).message).toBe('connect failed with sk_test_…');
		expect(Object.keys(cause as Error)).toEqual([]);
	});
});

describe("the service's messages", () => {
	it('are shortened to one line with at most three issues', () => {
		const long = errorForStatus(write, 400, { message: `${'word\n'.repeat(200)}` }, undefined);
		expect(long.message.length).toBeLessThan(300);
		expect(long.message).not.toContain('\n');

		const issues = ['a', 'b', 'c', 'd', 'e'].map((field) => ({
			path: ['spend_config', field],
			message: 'Expected string',
		}));
		const { message } = errorForStatus(
			write,
			400,
			{ issues, message: 'not shown beside the issues' },
			undefined,
		);
		expect(message).toBe(
			'Ampersend rejected the request to create the agent (HTTP 400): ' +
				'spend_config.a: Expected string; ' +
				'spend_config.b: Expected string; spend_config.c: Expected string; and 2 more',
		);
	});

	it('are cut before any pattern runs', () => {
		const lengths: number[] = [];
		const replace = RegExp.prototype[Symbol.replace] as (text: string, by: never) => string;
		const measured = jest
			.spyOn(RegExp.prototype as { [Symbol.replace]: typeof replace }, Symbol.replace)
			.mockImplementation(function (this: RegExp, text, by) {
				lengths.push(text.length);
				return replace.call(this, text, by);
			});
		const long = 'sk_test_ \n'.repeat(100_000);
		const messages = [
			errorForStatus(write, 400, { message: long }, undefined),
			errorForStatus(write, 400, { issues: [{ path: [long], message: long }] }, undefined),
			errorForNotJson(write, 200, 'x', long),
			errorForNoAnswer(write, new Error(long), 1000),
		].map(({ message }) => message);
		measured.mockRestore();
		expect(Math.max(...lengths)).toBe(2_000);
		for (const message of messages) expect(message.length).toBeLessThan(500);
	});

	it.each([
		[undefined],
		[null],
		['<html>raw</html>'],
		[['raw']],
		[{ trace: 'raw' }],
		[{ message: { raw: 1 } }],
		[{ issues: [{ raw: 'raw' }, null] }],
		[[{ name: 'raw' }]],
		[{ issues: [] }],
	])('are omitted if the body is %j', (body) => {
		const { message, description } = errorForStatus(read, 500, body, undefined);
		expect(message).toBe('Ampersend could not list the transactions (HTTP 500).');
		expect(description).not.toContain('raw');
	});
});

describe('a failed TLS handshake', () => {
	it.each([
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
		'CERT_HAS_EXPIRED',
		'EPROTO',
	])('is reported, with the note that nothing was sent (%s)', (code) => {
		const error = errorForNoAnswer(write, Object.assign(new Error('x'), { code }), 1000);
		expect(error.message).toContain(`could not set up a secure connection to`);
		expect(error.description).toMatch(/^Nothing was sent\..*NODE_EXTRA_CA_CERTS/);
	});
});

describe("the service's reason for a rejection", () => {
	it.each([
		[{ issues: [{}, {}], message: 'the name is taken' }, 'the name is taken'],
		[{ issues: [{ path: ['a', {}], message: 'bad' }] }, 'a: bad'],
		[{ error: 'no such field' }, 'no such field'],
		[{ error: { message: 'no such field' } }, 'no such field'],
		[{ detail: 'no such field' }, 'no such field'],
		[{ errors: ['no such field', null] }, 'no such field'],
		[{ errors: { name: 'no such field' } }, 'name: no such field'],
		[{ errors: { name: { message: 'no such field', kind: 'x' } } }, 'name: no such field'],
		[{ issues: ['no such field'] }, 'no such field'],
		[[{ message: 'no such field' }], 'no such field'],
		[{ reason: 'no such field' }, 'no such field'],
		[{ title: 'no such field' }, 'no such field'],
		[{ error: { details: 'no such field' } }, 'no such field'],
		[{ error: ['no such field'] }, 'no such field'],
		[{ error: 'invalid', error_description: 'no such field' }, 'no such field'],
		[{ status: 'fail', data: { name: 'no such field' } }, 'name: no such field'],
		[{ message: ['no such field', 7, {}, [[]]], error: 'Bad Request' }, 'no such field'],
		[{ detail: { message: 'no such field', name: 'ValueError' } }, 'no such field'],
		[{ code: 'NO_SUCH_FIELD' }, 'NO_SUCH_FIELD'],
	])('is found in %j', (body, words) => {
		expect(errorForStatus(read, 400, body, undefined).message).toMatch(new RegExp(`: ${words}$`));
	});
});

describe('a CredentialError from the credential', () => {
	const thrown = (cause: Error) => new Error('request failed', { cause });

	it('is recognized as the cause of another error', () => {
		const rejection = new CredentialError('not for this host', 'Use another credential.');
		const error = errorForNoAnswer(write, thrown(rejection), 1000);
		expect(error).toBeInstanceOf(CredentialError);
		expect(error).toMatchObject({
			message: 'not for this host',
			description: 'Use another credential.',
		});
		expect(toNodeError(node, error)).toMatchObject({ failure: { cause: 'credential-invalid' } });
	});

	it('is not recognized by its name alone', () => {
		const other = Object.assign(new Error('no answer'), { name: 'CredentialError' });
		expect(errorForNoAnswer(write, thrown(other), 1000)).toBeInstanceOf(CallError);
	});
});

describe('whether a request is retried', () => {
	const codes = [
		'ECONNRESET',
		'ECONNREFUSED',
		'ENOTFOUND',
		'EAI_AGAIN',
		'ETIMEDOUT',
		'ECONNABORTED',
		'EPIPE',
	];
	const failed = (code: string) => Object.assign(new Error(code), { code });

	it.each([408, 500, 502, 503, 504])('depends on whether it was a read after HTTP %d', (status) => {
		expect(errorForStatus(read, status, undefined, undefined).repeatable).toBe(true);
		expect(errorForStatus(write, status, undefined, undefined).repeatable).toBe(false);
	});

	it.each(codes)('depends on whether it was a read after %s', (code) => {
		expect(errorForNoAnswer(read, failed(code), 1000)).toMatchObject({ repeatable: true });
		expect(errorForNoAnswer(write, failed(code), 1000)).toMatchObject({ repeatable: false });
	});

	it('is allowed for reads and writes after 429, because nothing was done', () => {
		expect(errorForStatus(read, 429, undefined, undefined).repeatable).toBe(true);
		expect(errorForStatus(write, 429, undefined, undefined)).toMatchObject({
			repeatable: true,
			description: expect.stringContaining('The change was not made.'),
		});
	});

	it.each([300, 302, 308, 400, 401, 403, 404, 409, 415, 422])(
		'is never allowed after HTTP %d',
		(status) => {
			for (const call of [read, write]) {
				expect(errorForStatus(call, status, undefined, undefined).repeatable).toBe(false);
			}
		},
	);

	it('is never allowed after the execution is cancelled', () => {
		const error = errorForNoAnswer(read, failed('ERR_CANCELED'), 1000);
		expect(error).toMatchObject({
			repeatable: false,
			message: expect.stringContaining('canceled'),
		});
	});
});

describe('a write without a clear answer', () => {
	const unclear: Array<[string, (call: Call) => { description: string }]> = [
		['HTTP 303', (call) => errorForStatus(call, 303, undefined, undefined)],
		['HTTP 500', (call) => errorForStatus(call, 500, undefined, undefined)],
		[
			'a lost connection',
			(call) => errorForNoAnswer(call, Object.assign(new Error('x'), { code: 'ECONNRESET' }), 1000),
		],
		[
			'a timeout',
			(call) => errorForNoAnswer(call, Object.assign(new Error('x'), { code: 'ETIMEDOUT' }), 1000),
		],
		['an answer that is not JSON', (call) => errorForNotJson(call, 200, '<p>', 'text/html')],
		[
			'a cancelled execution',
			(call) =>
				errorForNoAnswer(call, Object.assign(new Error('x'), { code: 'ERR_CANCELED' }), 1000),
		],
	];
	const writes = Object.entries(routes as Record<string, Route>).filter(
		([, { method }]) => method !== 'GET',
	);

	it.each(unclear)('says that it may have happened, and how to check, after %s', (_, errorOf) => {
		for (const [, route] of writes) {
			const { description } = errorOf(callOf(route));
			expect(description).toContain('may have been made');
			expect(route.check).toBeTruthy();
			expect(description).toContain(route.check);
		}
		expect(errorOf(read).description).not.toContain('may have been made');
	});

	it('says so if it was never sent', () => {
		for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']) {
			const { description } = errorForNoAnswer(
				write,
				Object.assign(new Error(code), { code }),
				1000,
			);
			expect(description).toContain('Nothing was sent.');
			expect(description).not.toContain('may have been made');
		}
	});

	it('says that it was accepted if its answer is not as expected', () => {
		const { description } = errorFor('drift', { places: 'address is missing' }, write);
		expect(description).toContain('The change was accepted.');
		expect(description).toContain(routes.createAgent.check);
	});
});

describe('the error that n8n shows', () => {
	const callError = (message: string) =>
		new CallError({
			message,
			description: 'Look again.',
			status: 403,
			failure: { cause: 'rate-limited', retryAfterMs: 5000 },
			repeatable: false,
			cause: new Error('the original'),
		});

	it("has the item, the HTTP status, the scheduler's cause and the next step", () => {
		const error = toNodeError(node, callError('It may not.'), 3);
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error).toMatchObject({
			message: 'It may not.',
			description: 'Look again.',
			httpCode: '403',
			failure: { cause: 'rate-limited', retryAfterMs: 5000 },
			context: { itemIndex: 3 },
		});
		const { cause } = error;
		expect(cause).toBeInstanceOf(CallError);
		expect((cause as Error).cause).toMatchObject({ message: 'the original' });
	});

	it.each([
		'EPERM',
		'ENOENT',
		'ECONNREFUSED',
		'ETIMEDOUT',
		'EACCES',
		'ENOTFOUND',
		'EEXIST',
		'EAI_AGAIN',
		'EPIPE',
		'SUPEPERMAN',
	])('keeps its text if an agent is called %s', (name) => {
		for (const error of [
			callError(`The agent "${name}" may not.`),
			new ParameterError('Name', `an agent called "${name}" exists already.`, 'Look again.'),
			new CredentialError(`The agent "${name}" may not.`, 'Look again.'),
		]) {
			const shown = toNodeError(node, error, 0);
			expect(shown.message).toBe(error.message);
			expect(shown.description).toBe('Look again.');
		}
	});

	describe('to a model', () => {
		const tool = { ...node, type: 'n8n-nodes-ampersend.ampersendTool' };

		it.each([
			[callError('It may not.'), 'It may not. Look again.'],
			[new ParameterError('Name', 'is empty.', 'Fill it in.'), 'Name: is empty. Fill it in.'],
			[new CredentialError('The key is empty', 'Make one.'), 'The key is empty. Make one.'],
			[new NodeOperationError(tool, 'It is unknown.'), 'It is unknown.'],
			[new TypeError('a defect'), 'a defect'],
		])('has all of it in each of its texts: %s', (thrown, text) => {
			const error = toNodeError(tool, thrown, 0);
			// Before 1.101, n8n hands on the second only.
			expect([error.message, error.description]).toEqual([text, text]);
			// Of another kind, n8n before 1.101 drops the description.
			expect(error).toBeInstanceOf(NodeOperationError);
			expect(toNodeError(tool, error, 0)).toMatchObject({ message: text, description: text });
		});
	});

	it('has the parameter and the item of an invalid value', () => {
		const error = toNodeError(
			node,
			new ParameterError('Daily Limit', 'has a sign.', 'Write it without.'),
			2,
		);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({
			message: 'Daily Limit: has a sign.',
			description: 'Write it without.',
			failure: { cause: 'configuration-invalid' },
			context: { itemIndex: 2 },
		});
	});

	it('tells the scheduler that the credential is invalid', () => {
		const error = toNodeError(node, new CredentialError('The API Key is empty.', 'Make a key.'));
		expect(error).toMatchObject({
			failure: { cause: 'credential-invalid' },
			description: 'Make a key.',
		});
	});

	it('is not wrapped a second time', () => {
		const error = new NodeOperationError(node, 'as it is');
		expect(toNodeError(node, error, 1)).toBe(error);
	});

	it.each([[new TypeError('a defect')], ['a defect'], [undefined]])(
		'is a node error for %p, which no code expects',
		(thrown) => {
			const error = toNodeError(node, thrown, 1);
			expect(error).toBeInstanceOf(NodeOperationError);
			expect(error.context.itemIndex).toBe(1);
		},
	);

	it('never contains the key, as text or as stored', () => {
		const original = Object.assign(new Error(`socket of ${key}`), {
			request: { headers: { Authorization: `Bearer ${key}` } },
		});
		const error = toNodeError(node, errorForNoAnswer(read, original, 1000), 0);
		for (let next: unknown = error; next instanceof Error; next = next.cause) {
			for (const name of Object.getOwnPropertyNames(next)) {
				if (name === 'cause' || name === 'node') continue;
				const text = JSON.stringify(Reflect.get(next, name)) ?? '';
				expect(text).not.toContain(key.slice(8));
			}
		}
	});
});
