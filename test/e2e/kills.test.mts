import { expect, test } from '@jest/globals';
import { testSetup } from './bench.mts';
import { describeReport, lostOutside, runKills, type KillReport, type Setting } from './kills.mts';

const LIMIT_MS = 300_000;

/** The short form of `npm run proof`. */
async function killed(setting: Setting): Promise<KillReport> {
	// At once, so it's printed even if the run fails.
	const log = (line: string) => void process.stderr.write(`${line}\n`);
	const report = await runKills({
		...testSetup(),
		setting,
		payments: 40,
		kills: 4,
		measured: 5,
		log,
	});
	describeReport(report).forEach(log);
	return report;
}

test(
	'with durable cursors, n8n loses and repeats nothing when it is killed',
	async () => {
		const report = await killed('durable');
		expect(report).toMatchObject({
			payments: 40,
			delivered: 40,
			lost: [],
			emittedTwice: [],
			unexpected: [],
		});
	},
	LIMIT_MS,
);

test(
	"with n8n's default scheduler, only what a kill cuts off between state and execution is lost",
	async () => {
		const report = await killed('default');
		expect(report).toMatchObject({ payments: 40, emittedTwice: [], unexpected: [] });
		expect(lostOutside(report)).toEqual([]);
		expect(report.delivered + report.lost.length).toBe(40);
	},
	LIMIT_MS,
);

test(
	'with Repeat Last Batch and Remove Duplicates, nothing is lost and nothing acted on twice',
	async () => {
		const report = await killed('repeat');
		expect(report).toMatchObject({ payments: 40, repeated: [], unexpected: [] });
		// If Remove Duplicates noted an event that n8n hasn't stored, n8n loses it, not the trigger.
		expect(lostOutside(report)).toEqual([]);
		expect(report.delivered + report.lost.length).toBe(40);
	},
	LIMIT_MS,
);
