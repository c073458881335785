/** What a service can say of a request that it rejects, in forms that other services have. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CredentialTestContext } from 'n8n-core';
import type { IDataObject } from 'n8n-workflow';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { randomAddress, type Agent } from '../../tools/emulator/index.mts';
import { jsonOf } from './agentSession.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const RENAME = 'PATCH /agents/{address}';
const ADD_KEY = 'POST /agents/{address}/keys';

let agent: Agent;
beforeEach(() => {
	agent = service.emulator.addAgent({ name: 'buyer' });
});

const locator = () => ({ __rl: true, mode: 'address', value: agent.address });

const rename = async () =>
	await service.run({ resource: 'agent', operation: 'update', agent: locator(), name: 'New name' });

describe('Every value of JSON in a rejection', () => {
	const fields = Array.from({ length: 20_000 }, (_, i) => `"f${i}":${i}`);
	const values = [
		'{"toString":"x"}',
		'[{"toString":"x"}]',
		'[[{"toString":1}]]',
		'['.repeat(50_000) + ']'.repeat(50_000),
		'[null,1,true,{}]',
		`[${'{},'.repeat(20_000)}{}]`,
		`{${fields.join()}}`,
	];
	const headers = { 'content-type': 'application/json' };
	const names = ['message', 'error', 'errors', 'issues', 'detail', 'details', 'title', 'code'];

	it.each(names)('leaves a text that says what was refused: %s', async (name) => {
		for (const value of values) {
			for (const body of [`{"${name}":${value}}`, `{"error":{"${name}":${value}}}`]) {
				service.emulator.fault({ route: RENAME, status: 400, body, headers });
				const { error } = await rename();
				expect(error?.message).toMatch(
					/^Ampersend rejected the request to rename the agent \(HTTP 400\)/,
				);
				expect(error?.description).toContain('The change was not made.');
			}
		}
	});

	it('is reported by the credential test', async () => {
		const body = { message: [{ toString: 1 }] };
		service.emulator.fault({ route: 'GET /agents', status: 400, body, times: Infinity });
		const { message } = await credentialTest.ampersendApiTest.call(new CredentialTestContext(), {
			id: '1',
			name: '',
			type: 'ampersendApi',
			data: { ...service.credential },
		});
		expect(message).toContain('Ampersend rejected the request to list the agents (HTTP 400).');
	});
});

describe('The words of a rejection', () => {
	const issue = { property: 'name', constraints: { isNotEmpty: 'is too long' } };
	const told: unknown[] = [
		{ errors: ['name is too long'] },
		[{ message: 'name is too long' }],
		{ reason: 'name is too long' },
		{ error: { details: 'name is too long' } },
		{ issues: ['name is too long'] },
		{ title: 'name is too long' },
		{ message: ['name is too long'], error: 'Bad Request', statusCode: 400 },
		{ error: 'invalid_request', error_description: 'name is too long' },
	];
	const named: unknown[] = [
		{ errors: { name: 'is too long' } },
		{ errors: { name: { message: 'is too long', kind: 'maxlength', path: 'name' } } },
		{ message: [issue] },
		{ errors: [{ instancePath: '/name', message: 'is too long' }] },
		{ status: 'fail', data: { name: 'is too long' } },
	];

	it.each(told)('are shown: %j', async (body) => {
		service.emulator.fault({ route: RENAME, status: 400, body });
		expect((await rename()).error?.message).toBe(
			'Ampersend rejected the request to rename the agent (HTTP 400): name is too long',
		);
	});

	it.each(named)('name the field as in the editor: %j', async (body) => {
		service.emulator.fault({ route: RENAME, status: 422, body });
		expect((await rename()).error?.message).toBe('New Name: is too long');
	});
});

describe('A field that a service knows by another name', () => {
	const add = async (agentKeyAddress: string) =>
		await service.run({
			resource: 'agentKey',
			operation: 'add',
			agent: locator(),
			agentKeyAddress,
		});
	const sent = () =>
		service.emulator.calls
			.filter(({ route }) => route === ADD_KEY)
			.map(({ body }) => Object.keys(body as IDataObject)[0]);

	it.each([
		{ message: 'session_key_address is required' },
		{ message: "body must have required property 'session_key_address'" },
		{ errors: ['session_key_address should not be empty'] },
		{ error: { message: 'Missing field: session_key_address' } },
	])('is sent under the name in its words: %j', async (body) => {
		service.emulator.fault({ route: ADD_KEY, status: 400, body });
		service.emulator.fault({ route: ADD_KEY, status: 200, body: { address: agent.address } });
		jsonOf(await add(agent.address));
		expect(sent()).toEqual(['agent_key_address', 'session_key_address']);
	});

	it.each([
		{ message: 'agent_key_address: an address is required' },
		{ message: 'This account has no session_key_address' },
	])('is not sent again for its value: %j', async (body) => {
		service.emulator.fault({ route: ADD_KEY, status: 400, body });
		expect((await add(randomAddress())).error?.message).toContain(body.message);
		expect(sent()).toEqual(['agent_key_address']);
	});
});

describe('A rejection inside a 200', () => {
	const says = 'quota is used up';

	it.each<IDataObject>([
		{ status: 'error', message: says },
		{ status: 'fail', message: says },
		{ code: 40001, msg: says },
		{ code: '1', msg: says, data: null },
		{ code: 'QUOTA_EXCEEDED', message: says },
		{ statusCode: 429, message: says },
		{ status: 403, message: says },
		{ success: 'false', message: says },
		{ ok: 'false', reason: says },
		{ status: 'fail', data: says },
	])('is no accepted change: %j', async (body) => {
		service.emulator.fault({ route: RENAME, status: 200, body });
		const { error } = await rename();
		expect(error?.message).toMatch(/^Ampersend was asked to rename .+, and reports an error/);
		if (body.data !== says) expect(error?.message).toContain(`(HTTP 200): ${says}`);
		expect(error?.description).toContain('The change may have been made');
		expect(error?.description).not.toContain('accepted');
	});

	it.each<[string, (body: object) => object]>([
		['a status of the agent', (body) => ({ ...body, status: 'error' })],
		['a status that is a number', (body) => ({ ...body, status: 404 })],
		['a good status', (body) => ({ status: 'success', message: 'Renamed', data: body })],
		['a good code', (body) => ({ code: 0, msg: 'ok', data: body })],
		['the code of HTTP', (body) => ({ code: 200, message: 'Renamed', data: body })],
		['a code beside the agent', (body) => ({ code: 1, msg: 'Renamed', data: body })],
		['no failure', (body) => ({ success: 'true', code: '00000', data: body })],
	])('is not read from %s', async (_, mutate) => {
		service.emulator.fault({ route: RENAME, mutate: (body) => mutate(body as object) });
		expect(jsonOf(await rename())).toMatchObject([{ name: 'New name' }]);
	});
});
