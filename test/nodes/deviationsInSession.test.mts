/**
 * Every operation of an agent's session, with services that differ from the documented one in one
 * thing.
 */
import { expect, it } from '@jest/globals';

import { resources } from '../../nodes/Ampersend/actions/registry';
import { complaintsOf } from './deviations.mts';
import { sessionOperations, sessionRuns } from './deviatingOperations.mts';

it('every operation has a run', () => {
	const names = resources.flatMap(({ option: resource, operations: all }) =>
		all
			.filter(({ inSession }) => inSession !== undefined)
			.map(({ option }) => `${resource.value} ${option.value}`),
	);
	expect(Object.keys(sessionRuns).sort()).toEqual(names.sort());
});

it.each(sessionOperations)(
	'$name',
	async (subject) => {
		expect(await complaintsOf(subject)).toEqual({});
	},
	120_000,
);
