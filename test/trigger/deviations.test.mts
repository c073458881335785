/**
 * The trigger, with services that differ from the documented one in one thing: each new payment is
 * emitted once, or an error or the log says why.
 */
import { expect, it } from '@jest/globals';

import { complaintsOf } from '../nodes/deviations.mts';
import { triggerSubjects } from './deviations.mts';

it.each(triggerSubjects)(
	'$name',
	async (subject) => {
		expect(await complaintsOf(subject)).toEqual({});
	},
	120_000,
);
