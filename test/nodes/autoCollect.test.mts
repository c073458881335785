import { describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { settingsOf } from './settings.mts';
import { useAmpersend } from './setup.mts';

// What auto-collect and spending limits share is in settings.test.mts.

const ampersend = useAmpersend();
const { get, update, bodies } = settingsOf(ampersend, 'autoCollect');

const READ = 'GET /agents/{address}/auto-collect-config';
const WRITE = 'PUT /agents/{address}/auto-collect-config';
const LIST = 'GET /agents';
const ALLOWLIST = 'GET /agents/{address}/authorized-sellers';

/** From EIP-55, with a valid checksum. */
const CHECKSUMMED = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

const collectedAgent = () =>
	ampersend.emulator.addAgent({
		autoCollect: {
			enabled: true,
			target_address: CHECKSUMMED,
			threshold: '100000000',
			minimum_remaining: '10500000',
		},
	});

describe('Get', () => {
	it('returns the settings, amounts in both units, times in ISO 8601', async () => {
		const agent = collectedAgent();

		const { items, error, hints } = await get(agent);

		expect(error).toBeUndefined();
		expect(hints).toEqual([]);
		const changedAt = new Date(agent.createdAt).toISOString();
		expect(items).toEqual([
			{
				json: {
					agentAddress: agent.address,
					configured: true,
					enabled: true,
					targetAddress: CHECKSUMMED,
					thresholdUsdc: '100',
					thresholdUsdcMicro: '100000000',
					minimumRemainingUsdc: '10.5',
					minimumRemainingUsdcMicro: '10500000',
					createdAt: changedAt,
					updatedAt: changedAt,
				},
				pairedItem: { item: 0 },
			},
		]);
		expect(ampersend.seen).toEqual([READ]);
	});

	it('returns null if no target address is set', async () => {
		const { items } = await get(ampersend.emulator.addAgent({ autoCollect: {} }));

		expect(items).toMatchObject([{ json: { configured: true, targetAddress: null } }]);
	});

	it('returns configured: false if nothing is set, after looking up the agent', async () => {
		const agent = ampersend.emulator.addAgent();

		const { items, error } = await get(agent);

		expect(error).toBeUndefined();
		expect(items[0]?.json).toEqual({
			agentAddress: agent.address,
			configured: false,
			enabled: false,
			targetAddress: null,
			thresholdUsdc: null,
			thresholdUsdcMicro: null,
			minimumRemainingUsdc: null,
			minimumRemainingUsdcMicro: null,
			createdAt: null,
			updatedAt: null,
		});
		expect(ampersend.seen).toEqual([READ, LIST, ALLOWLIST]);
	});
});

describe('Update', () => {
	it.each<[string, INodeParameters, object]>([
		['a minimum', { minimumRemaining: '0.5' }, { minimum_remaining: '500000' }],
		['no minimum', { noMinimumRemaining: true }, { minimum_remaining: null }],
	])("sets an agent's first settings with %s if each has a value", async (_, set, sent) => {
		const agent = ampersend.emulator.addAgent();
		const others = { enabled: true, threshold: '50', targetAddress: CHECKSUMMED };

		const { items, error } = await update(agent, { ...others, ...set });

		expect(error).toBeUndefined();
		expect(ampersend.seen).toEqual([READ, LIST, ALLOWLIST, WRITE]);
		expect(bodies()).toEqual([
			{ enabled: true, threshold: '50000000', target_address: CHECKSUMMED, ...sent },
		]);
		expect(items[0]?.json).toMatchObject({
			configured: true,
			thresholdUsdc: '50',
			targetAddress: CHECKSUMMED,
		});
	});

	const all = {
		enabled: true,
		threshold: '50',
		targetAddress: CHECKSUMMED,
		noMinimumRemaining: true,
	};
	it.each<[string, string, INodeParameters, string]>([
		['an agent without settings', 'Threshold (USDC)', { threshold: '' }, ''],
		['an agent without settings', 'Enabled', { enabled: '' }, ''],
		['settings that answer 404', 'Target Address', { targetAddress: '' }, ''],
		[
			'settings that answer 404',
			'Minimum Remaining (USDC)',
			{ noMinimumRemaining: false },
			' or Minimum Remaining: None',
		],
	])('for %s, requires %s, and erases nothing without it', async (what, name, left, orElse) => {
		const isHidden = what.startsWith('settings');
		const agent = isHidden ? collectedAgent() : ampersend.emulator.addAgent();
		if (isHidden) ampersend.emulator.fault({ route: READ, status: 404 });
		const before = ampersend.emulator.agent(agent).autoCollect;

		const { items, error } = await update(agent, { ...all, ...left });

		expect(items).toEqual([]);
		expect(error?.message).toBe(
			`${name}: is required, because the service reports ` +
				'no auto-collect settings for this agent.',
		);
		expect(error?.description).toBe(`Add ${name}${orElse} to Update Fields.`);
		expect(ampersend.seen).toEqual([READ, LIST, ALLOWLIST]);
		expect(ampersend.emulator.agent(agent).autoCollect).toEqual(before);
	});

	it('rejects the zero address as target, names the field and sends nothing', async () => {
		const agent = collectedAgent();
		const targetAddress = `0x${'0'.repeat(40)}`;

		const { error } = await update(agent, { targetAddress });

		expect(error?.message).toBe(
			`Target Address: "${targetAddress}" is the zero address, which belongs to nobody.`,
		);
		expect(ampersend.emulator.calls).toEqual([]);
	});

	it('accepts a target address in every valid letter case', async () => {
		const agent = ampersend.emulator.addAgent({ autoCollect: {} });
		const spellings = [
			CHECKSUMMED,
			CHECKSUMMED.toLowerCase(),
			`0x${CHECKSUMMED.slice(2).toUpperCase()}`,
		];

		for (const targetAddress of spellings) {
			const { error, items } = await update(agent, { targetAddress });
			expect(error).toBeUndefined();
			expect(items[0]?.json.targetAddress).toBe(targetAddress);
			expect(ampersend.emulator.agent(agent).autoCollect?.target_address).toBe(targetAddress);
		}
	});

	it.each([
		['a letter in the wrong case', `0x5A${CHECKSUMMED.slice(4)}`, "doesn't match its checksum"],
		['one digit missing', CHECKSUMMED.slice(0, -1), 'is not an address'],
		['a name', 'treasury', 'is not an address'],
	])('rejects a target address with %s, and sends nothing', async (_, targetAddress, complaint) => {
		const agent = collectedAgent();

		const { error } = await update(agent, { targetAddress, enabled: true });

		expect(error?.message).toMatch(/^Target Address: /);
		expect(error?.message).toContain(complaint);
		expect(ampersend.seen).toEqual([]);
	});

	it('never repeats a likely private key pasted as the target address', async () => {
		const agent = collectedAgent();
		const pasted = `0x${'ab'.repeat(32)}`;

		const { error } = await update(agent, { targetAddress: pasted });

		expect(error?.message).toMatch(/^Target Address: /);
		expect(`${error?.message} ${error?.description}`).not.toContain('abab');
		expect(ampersend.seen).toEqual([]);
	});
});
