import { beforeEach, describe, expect, it } from '@jest/globals';

import type { Agent } from '../../tools/emulator/index.mts';
import { ACTIVITY, chosen, poll, t0, useTrigger } from '../trigger/trigger.mts';

const service = useTrigger();
const { activated, pay, restarted } = service;

describe('an agent that moved to another account', () => {
	let seller: Agent;
	beforeEach(() => {
		seller = service.addAgent('seller');
	});

	/** The service then answers 403 to this key, and no longer lists the agent. */
	const passOn = () => {
		const { address } = service.buyer;
		service.emulator.removeAgent(address);
		service.addAgent('buyer', { address, owner: 'someone else' });
	};

	it('is silently skipped if several are chosen, and the others continue', async () => {
		const parameters = chosen(service.buyer, seller);
		const trigger = await activated(parameters);
		passOn();
		pay('a', t0, { agent: seller });
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(service.readings.map(({ status }) => status)).toContain(403);
		expect(trigger.warnings).toEqual([]);
		const next = restarted(trigger, parameters);
		pay('b', t0 + 1, { agent: seller });
		expect(await poll(next)).toEqual(['b:settled']);
		expect(next.warnings).toEqual([]);
	});

	it('is silently skipped if it moves between look-up and reading', async () => {
		const trigger = await activated();
		pay('a', t0, { agent: seller });
		service.emulator.before(ACTIVITY, passOn, {
			match: ({ params }) => params.address === service.buyer.address,
		});
		expect(await poll(trigger)).toEqual(['a:settled']);
		expect(service.readings.map(({ status }) => status)).toContain(403);
		expect(trigger.warnings).toEqual([]);
		expect(await poll(trigger)).toBeNull();
	});

	it('does not stop the trigger if it was the only one', async () => {
		const trigger = await activated(chosen(service.buyer));
		passOn();
		expect(await poll(trigger)).toBeNull();
		expect(trigger.warnings).toEqual([]);
		expect(service.readings.at(-1)?.status).toBe(403);
	});
});
