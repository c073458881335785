import { expect, test } from '@jest/globals';
import { testSetup } from './bench.mts';
import { describeReport, lostOutside, runKills, type KillReport, type Scheduler } from './kills.mts';

/** The short form of `npm run proof`. */
async function killed(scheduler: Scheduler): Promise<KillReport> {
	const lines: string[] = [];
	const report = await runKills({ ...testSetup(), scheduler, payments: 40, kills: 3, measured: 5, log: (line) => lines.push(line) });
	process.stderr.write(`${[...lines, ...describeReport(report)].join('\n')}\n`);
	return report;
}

test('with durable cursors, n8n loses and repeats nothing when it is killed', async () => {
	const report = await killed('durable');
	expect(report).toMatchObject({ payments: 40, delivered: 40, lost: [], repeated: [], unexpected: [] });
}, 240_000);

test("with n8n's default scheduler, only what a kill cuts off between cursor and execution is lost", async () => {
	const report = await killed('default');
	expect(report).toMatchObject({ payments: 40, repeated: [], unexpected: [] });
	expect(lostOutside(report)).toEqual([]);
	expect(report.delivered + report.lost.length).toBe(40);
}, 240_000);
