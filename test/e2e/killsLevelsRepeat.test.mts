import { expect, test } from '@jest/globals';
import { runLevelKills } from '../../tools/proof/levelKills.mts';

test('with Repeat Last Batch, each crossing is acted on once', async () => {
	const { expected, delivered, metKills } = await runLevelKills('repeat');
	expect(metKills).toBe(3);
	expect(delivered).toEqual(expected);
}, 900_000);
