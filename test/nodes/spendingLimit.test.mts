import { describe, expect, it } from '@jest/globals';

import { settingsOf } from './settings.mts';
import { useAmpersend } from './setup.mts';

// What spending limits and auto-collect share is in settings.test.mts.

const ampersend = useAmpersend();
const { get, update, bodies } = settingsOf(ampersend, 'spendingLimit');

const READ = 'GET /agents/{address}/spend-config';
const WRITE = 'PUT /agents/{address}/spend-config';
const LIST = 'GET /agents';
const AGENT = 'GET /agents/{address}';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';

const limitedAgent = () =>
	ampersend.emulator.addAgent({
		spendConfig: {
			auto_topup_allowed: true,
			daily_limit: '5000000',
			monthly_limit: '100000000',
			per_transaction_limit: '250000',
		},
	});

describe('Get', () => {
	it('returns every limit in both units, with times in ISO 8601', async () => {
		const agent = limitedAgent();

		const { items, error, hints } = await get(agent);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const changedAt = new Date(agent.createdAt).toISOString();
		expect(items).toEqual([
			{
				json: {
					name: agent.name,
					balanceUsdc: '0',
					balanceUsdcMicro: '0',
					agentAddress: agent.address,
					configured: true,
					autoTopUp: true,
					dailyLimitUsdc: '5',
					dailyLimitUsdcMicro: '5000000',
					monthlyLimitUsdc: '100',
					monthlyLimitUsdcMicro: '100000000',
					perTransactionLimitUsdc: '0.25',
					perTransactionLimitUsdcMicro: '250000',
					createdAt: changedAt,
					updatedAt: changedAt,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([READ, AGENT]);
		expect(ampersend.emulator.calls[0]?.params).toEqual({ address: agent.address });
	});

	it('returns configured: false if nothing is set, after looking up the agent', async () => {
		const agent = ampersend.emulator.addAgent();

		const { items, error } = await get(agent);

		expect(error).toBeUndefined();
		expect(items[0]?.json).toEqual({
			name: agent.name,
			balanceUsdc: '0',
			balanceUsdcMicro: '0',
			agentAddress: agent.address,
			configured: false,
			autoTopUp: false,
			dailyLimitUsdc: null,
			dailyLimitUsdcMicro: null,
			monthlyLimitUsdc: null,
			monthlyLimitUsdcMicro: null,
			perTransactionLimitUsdc: null,
			perTransactionLimitUsdcMicro: null,
			createdAt: null,
			updatedAt: null,
		});
		expect(ampersend.seen).toEqual([READ, LIST, ALLOWLIST, AGENT]);
	});
});

describe('Update', () => {
	it.each([
		[
			{ dailyLimit: '2' },
			'Monthly Limit (USDC), Limit per Transaction (USDC), Auto Top-Up: are required',
			'Add Monthly Limit (USDC) or Monthly Limit: None; Limit per Transaction (USDC) or ' +
				'Limit per Transaction: None; Auto Top-Up to Update Fields.',
		],
		[
			{ dailyLimit: '2', noMonthlyLimit: true, perTransactionLimit: '1' },
			'Auto Top-Up: is required',
			'Add Auto Top-Up to Update Fields',
		],
	])('does not remove the limits left out after a 404: %j', async (fields, named, next) => {
		const agent = ampersend.emulator.addAgent({ spendConfig: { monthly_limit: '50000000' } });
		ampersend.emulator.fault({ route: READ, status: 404, body: { message: 'Not Found' } });

		const { error } = await update(agent, fields);

		expect(error?.message).toContain(named);
		expect(error?.description).toContain(next);
		expect(ampersend.seen).toEqual([READ, LIST, ALLOWLIST]);
		expect(ampersend.emulator.agent(agent).spendConfig?.monthly_limit).toBe('50000000');
	});

	it("sets an agent's first limits if each has a value or is set to none", async () => {
		const agent = ampersend.emulator.addAgent();

		const { items } = await update(agent, {
			autoTopUp: false,
			dailyLimit: '2',
			noMonthlyLimit: true,
			noPerTransactionLimit: true,
		});

		expect(ampersend.seen).toEqual([READ, LIST, ALLOWLIST, WRITE]);
		expect(bodies()).toEqual([
			{
				auto_topup_allowed: false,
				daily_limit: '2000000',
				monthly_limit: null,
				per_transaction_limit: null,
			},
		]);
		expect(items[0]?.json).toMatchObject({ dailyLimitUsdc: '2', monthlyLimitUsdc: null });
	});

	it.each([
		['autoTopUp', 'Auto Top-Up'],
		['noDailyLimit', 'Daily Limit: None'],
	])('rejects a value of %s that is neither true nor false', async (field, name) => {
		const agent = limitedAgent();

		const { error } = await update(agent, { [field]: '={{ "perhaps" }}' });

		expect(error?.message).toBe(`${name}: "perhaps" is neither true nor false.`);
		expect(ampersend.seen).toEqual([]);
	});
});
