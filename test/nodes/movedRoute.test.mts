// Before everything that has the routes.
import './movedRoutes.mts';

import { beforeEach, describe, expect, it } from '@jest/globals';
import { CredentialTestContext } from 'n8n-core';
import type { INodeParameters } from 'n8n-workflow';

import { credentialTest } from '../../nodes/Ampersend/methods/credentialTest';
import { randomAddress, type Agent } from '../../tools/emulator/index.mts';
import { useAmpersend } from './setup.mts';

const PATH = '/agents/{address}/authorized-sellers';

const service = useAmpersend();

let agent: Agent;
const [known, added] = [randomAddress(), randomAddress()];

beforeEach(() => {
	service.emulator.setContract({
		prefixes: { [`GET ${PATH}`]: '/api/v1' },
		verbs: { [`PUT ${PATH}`]: 'PATCH' },
	});
	agent = service.emulator.addAgent({
		name: 'buyer',
		allowlist: [known],
		spendConfig: { daily_limit: '1' },
	});
});

const run = async (parameters: INodeParameters) =>
	await service.run({
		agent: { __rl: true, mode: 'address', value: agent.address },
		...parameters,
	});

const sent = () => service.emulator.calls.map(({ method, path }) => `${method} ${path}`);

describe('Routes that were moved in one line each', () => {
	it('are called where they are', async () => {
		const { error, items } = await run({ resource: 'allowlist', operation: 'get' });

		expect(error).toBeUndefined();
		expect(items).toMatchObject([{ json: { sellers: [known], count: 1 } }]);
		expect(sent()).toEqual([`GET /api/v1/agents/${agent.address}/authorized-sellers`]);
	});

	it('are written to where they are', async () => {
		const parameters = { operation: 'update', mode: 'add', sellers: added };
		const { error, items } = await run({ resource: 'allowlist', ...parameters });

		expect(error).toBeUndefined();
		expect(items).toHaveLength(1);
		expect(service.emulator.agent(agent).allowlist).toEqual([known, added]);
		expect(sent()).toContain(`PATCH /v1/agents/${agent.address}/authorized-sellers`);
	});

	it.each([
		{ resource: 'agent', operation: 'getMany' },
		{ resource: 'agent', operation: 'get' },
		{ resource: 'agentKey', operation: 'getMany' },
		{ resource: 'spendingLimit', operation: 'get' },
		{ resource: 'spendingLimit', operation: 'update', updateFields: { dailyLimit: '5' } },
		{ resource: 'transaction', operation: 'getMany' },
	])('leave the others in place: $resource $operation', async (parameters) => {
		const { error } = await run(parameters);

		expect(error).toBeUndefined();
		expect(sent().length).toBeGreaterThan(0);
		for (const one of sent()) expect(one).toMatch(/^\w+ (?:\/v1\/|\S+\/authorized-sellers$)/);
	});

	it('pass the credential test', async () => {
		const { status, message } = await credentialTest.ampersendApiTest.call(
			new CredentialTestContext(),
			{ id: '1', name: 'Ampersend', type: 'ampersendApi', data: { ...service.credential } },
		);

		expect([status, message]).toEqual([
			'OK',
			`Ampersend accepts the key (sandbox, ${service.emulator.baseUrl}), lists the agents ` +
				"and reads an agent's allowlist",
		]);
	});
});
