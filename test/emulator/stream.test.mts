import { describe, expect, it } from '@jest/globals';
import { seedDemoAgents } from '../../tools/emulator/demo.mts';
import { readFlags } from '../../tools/emulator/flags.mts';
import { useEmulator } from './harness.mts';
import * as shapes from '../../tools/emulator/shapes.mts';
import { startPaymentStream, type StreamedPayment } from '../../tools/emulator/stream.mts';

const harness = useEmulator();

/** The same numbers each time, spread over 0 to 1 (a linear congruential generator). */
function steadyRandom(): () => number {
	let state = 1;
	return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

describe('startPaymentStream', () => {
	it('makes payments of each kind; authorized ones settle or fail later', () => {
		const agents = [harness.emulator.addAgent(), harness.emulator.addAgent()];
		const made: StreamedPayment[] = [];
		const stream = startPaymentStream(harness.emulator, {
			everyMs: 0,
			random: steadyRandom(),
			onPayment: (payment) => made.push(payment),
		});
		for (let i = 0; i < 300; i++) stream.next();
		const seen = new Set(
			made.map(({ kind, activity }) => `${kind} ${activity.type} ${activity.status}`),
		);
		expect([...seen].sort()).toEqual([
			'new earn received',
			'new spend authorized',
			'new spend denied',
			'new spend settled',
			'status spend failed',
			'status spend settled',
		]);
		expect(new Set(made.map(({ agent }) => agent.address))).toEqual(
			new Set(agents.map(({ address }) => address)),
		);
		const fresh = made.filter(({ kind }) => kind === 'new').map(({ activity }) => activity.id);
		expect(new Set(fresh).size).toBe(fresh.length);
	});

	it('runs by itself until you stop it', async () => {
		harness.emulator.addAgent();
		let count = 0;
		await new Promise<void>((resolve) => {
			const stream = startPaymentStream(harness.emulator, {
				everyMs: 1,
				onPayment: () => {
					if (++count < 3) return;
					stream.stop();
					resolve();
				},
			});
		});
		expect(count).toBe(3);
	});

	it('makes nothing without an agent, and nothing for a removed one', () => {
		const stream = startPaymentStream(harness.emulator, { everyMs: 0, random: steadyRandom() });
		expect(stream.next()).toBeUndefined();
		const agent = harness.emulator.addAgent();
		for (let i = 0; i < 20; i++) stream.next();
		harness.emulator.removeAgent(agent);
		for (let i = 0; i < 20; i++) expect(stream.next()).toBeUndefined();
	});
});

describe('seedDemoAgents', () => {
	it('adds named agents, and all their answers have the documented format', async () => {
		const agents = seedDemoAgents(harness.emulator);
		expect(new Set(agents.map(({ name }) => name)).size).toBe(4);
		let rows = 0;
		for (const { address } of agents) {
			const activity = await harness.ask(`GET /agents/${address}/activity?preset=all&limit=200`);
			rows += shapes.activityPage.parse(activity.body).totalCount;
			shapes.payments.parse((await harness.ask(`GET /agents/${address}/payments?preset=all`)).body);
		}
		expect(rows).toBe(435);
	});
});

describe('readFlags', () => {
	it('has a value for each flag', () => {
		expect(readFlags([])).toEqual({ help: false, port: 0, everyMs: 15_000, deployment: 'sandbox' });
		expect(readFlags(['--port', '4010', '--every', '0.5', '--deployment=production'])).toEqual({
			help: false,
			port: 4010,
			everyMs: 500,
			deployment: 'production',
		});
		expect(readFlags(['--every', '0']).everyMs).toBe(0);
	});

	it.each([
		[['--port', '65536'], '--port takes'],
		[['--port', 'http'], '--port takes'],
		[['--every', '-1'], '--every'],
		[['--every', 'soon'], '--every takes'],
		[['--every', '9999999'], '--every takes'],
		[['--deployment', 'staging'], '--deployment takes production or sandbox, not "staging"'],
		[['--deployment', 'toString'], '--deployment takes'],
		[['--speed', '3'], "Unknown option '--speed'"],
		[['4010'], "Unexpected argument '4010'"],
	])('says what is wrong with %j', (args, message) => {
		expect(() => readFlags(args)).toThrow(message);
	});
});
