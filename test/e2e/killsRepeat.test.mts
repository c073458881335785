import { expect, test } from '@jest/globals';
import { runShortKills } from '../../tools/proof/kills.mts';
import { lostOutside } from '../../tools/proof/report.mts';

test('with Repeat Last Batch, nothing is lost or acted on twice', async () => {
	const report = await runShortKills({ setting: 'repeat' });
	expect(report).toMatchObject({ payments: 40, repeated: [], unexpected: [] });
	// If Remove Duplicates noted an event that n8n hasn't stored, n8n loses it, not the trigger.
	expect(lostOutside(report)).toEqual([]);
	expect(report.delivered + report.lost.length).toBe(40);
}, 480_000);
