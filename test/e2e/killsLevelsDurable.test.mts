import { expect, test } from '@jest/globals';
import { runLevelKills } from '../../tools/proof/levelKills.mts';

test('with durable cursors, each crossing starts the workflow once', async () => {
	const { expected, delivered } = await runLevelKills('durable');
	expect(delivered).toEqual(expected);
}, 1_500_000);
