/**
 * Every operation of an API key, with services that differ from the documented one in one thing.
 */
import { expect, it } from '@jest/globals';

import { resources } from '../../nodes/Ampersend/actions/registry';
import { complaintsOf } from './deviations.mts';
import { operations, runs } from './deviatingOperations.mts';

it('every operation has a run', () => {
	const names = resources.flatMap(({ option: resource, operations: all }) =>
		all
			.filter(({ inSession }) => inSession !== 'only')
			.map(({ option }) => `${resource.value} ${option.value}`),
	);
	expect(Object.keys(runs).sort()).toEqual(names.sort());
});

it.each(operations)(
	'$name',
	async (subject) => {
		expect(await complaintsOf(subject)).toEqual({});
	},
	120_000,
);
