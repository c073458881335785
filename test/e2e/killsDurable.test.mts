import { expect, test } from '@jest/globals';
import { runShortKills } from '../../tools/proof/kills.mts';

test('with durable cursors, a session loses and repeats nothing', async () => {
	const report = await runShortKills({ setting: 'durable', inSession: true });
	expect(report).toMatchObject({
		payments: 40,
		delivered: 40,
		lost: [],
		emittedTwice: [],
		unexpected: [],
	});
}, 480_000);
