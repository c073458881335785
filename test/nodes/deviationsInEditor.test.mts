/**
 * Pickers and tests of credentials, with services that differ from the documented one in one thing.
 */
import { expect, it } from '@jest/globals';

import { complaintsOf } from './deviations.mts';
import { credentialTests, pickers } from './deviationsInEditor.mts';

it.each([...pickers, ...credentialTests])(
	'$name',
	async (subject) => {
		expect(await complaintsOf(subject)).toEqual({});
	},
	120_000,
);
