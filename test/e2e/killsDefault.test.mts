import { expect, test } from '@jest/globals';
import { runShortKills } from '../../tools/proof/kills.mts';
import { lostOutside } from '../../tools/proof/report.mts';

test('by default, only what a kill cuts off is lost', async () => {
	const report = await runShortKills({ setting: 'default' });
	expect(report).toMatchObject({ payments: 40, emittedTwice: [], unexpected: [] });
	expect(lostOutside(report)).toEqual([]);
	expect(report.delivered + report.lost.length).toBe(40);
}, 480_000);
