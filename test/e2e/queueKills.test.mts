import { expect, test } from '@jest/globals';
import { runShortKills } from '../../tools/proof/kills.mts';
import { broken } from '../../tools/proof/report.mts';

test('durable cursors: a retry acts on what no worker had when the main was killed', async () => {
	const report = await runShortKills({ setting: 'durable', target: 'main' });
	expect(report).toMatchObject({ payments: 40, emittedTwice: [], repeated: [] });
	expect(broken(report)).toEqual([]);
	expect(report.delivered + report.retried.length).toBe(40);
}, 600_000);

test('a killed worker loses what it ran, and nothing else', async () => {
	const report = await runShortKills({ setting: 'durable', target: 'worker' });
	expect(report).toMatchObject({ payments: 40, emittedTwice: [], repeated: [] });
	// One of them was acting.
	expect(report.lost).not.toEqual([]);
	expect(broken(report)).toEqual([]);
}, 600_000);
