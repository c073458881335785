/**
 * Every operation of an API key, with services that differ from the documented one in one thing.
 */
import { expect, it } from '@jest/globals';

import { resources } from '../../nodes/Ampersend/actions/registry';
import { deviations } from '../emulator/index.mts';
import { complaintsOf, seenWith } from './hostileContract.mts';
import { operations, runs } from './hostileOperations.mts';

it('every operation has a run', () => {
	const names = resources.flatMap(({ option: resource, operations: all }) =>
		all
			.filter(({ inSession }) => inSession !== 'only')
			.map(({ option }) => `${resource.value} ${option.value}`),
	);
	expect(Object.keys(runs).sort()).toEqual(names.sort());
});

/**
 * Here nothing tells a service that differs from one with another value: a 404 of settings means
 * that none are set (SDK), and the hint says what it can mean besides.
 */
const undetected = new Set([
	'GET /agents/{address}/auto-collect-config answers 404',
	'GET /agents/{address}/auto-collect-config answers 404 with a page',
	'GET /agents/{address}/spend-config answers 404',
	'GET /agents/{address}/spend-config answers 404 with a page',
	'POST /agents/{address}/keys takes name for key_name',
	'amounts are in USDC',
]);

/** An API key has no session that ends. */
const forUsers = deviations.filter(
	({ name, contract }) => contract.endedSession === undefined && !undetected.has(name),
);

it.each(operations)(
	'$name',
	async (subject) => {
		const documented = await seenWith(subject, {});
		expect(documented.error).toBeUndefined();
		expect(await complaintsOf(subject, documented, forUsers)).toEqual({});
	},
	120_000,
);
