/** Transactions of a service that counts its pages from 0, as no public page says. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import type { Contract } from '../../tools/emulator/index.mts';
import { fileOf, numbersIn } from './files.mts';
import { downFrom, historyOf, numbered, numbersOf } from './payments.mts';
import type { Outcome } from './n8nCore.mts';
import { useAmpersend } from './setup.mts';

const service = useAmpersend();
const { getMany, exportFile, requests } = historyOf(service, 'transaction');

const ERROR = 'counts pages from 0, and this node from 1';

const ACTIVITY = 'GET /agents/{address}/activity';

/** What such a service says of its rows. */
const counts: Record<string, Contract> = {
	'with their number': {},
	'without their number': { values: { [ACTIVITY]: { totalCount: undefined } } },
	'with the number of the page': { totalOfPage: [ACTIVITY] },
};

const seed = (count: number) =>
	service.emulator.seedActivity(service.emulator.addAgent(), count, numbered);

/** All of the newest rows, each once and newest first, or a message that names the pages. */
function expectRowsOrError({ error }: Outcome, rows: number[], count: number, limit: number): void {
	if (error) {
		expect(error.message).toContain(ERROR);
		expect(rows).toEqual([]);
	} else {
		expect(rows).toEqual(downFrom(count - 1, Math.min(limit, count)));
	}
}

function exported({ items }: Outcome): number[] {
	if (items.length === 0) return [];
	return numbersIn(fileOf(items[0]).text, 'csv');
}

const limits: Array<[string, INodeParameters, number]> = [
	['Return All', { returnAll: true }, Infinity],
	...[1, 200, 201, 1000].map((limit): [string, INodeParameters, number] => [
		`Limit: ${limit}`,
		{ returnAll: false, limit },
		limit,
	]),
];

describe.each(Object.entries(counts))('a list %s', (_, contract) => {
	beforeEach(() => service.emulator.setContract({ firstPage: 0, ...contract }));

	describe.each([0, 1, 199, 200, 201, 401, 1001])('%i transactions', (count) => {
		it.each(limits)('are got whole or not at all: %s', async (_name, parameters, limit) => {
			seed(count);
			const outcome = await getMany(parameters);
			expectRowsOrError(outcome, numbersOf(outcome.items), count, limit);
			expect(requests().length).toBeLessThan(30);
		});

		it.each(limits)('are exported whole or not at all: %s', async (_name, parameters, limit) => {
			seed(count);
			const outcome = await exportFile(parameters);
			expectRowsOrError(outcome, exported(outcome), count, limit);
		});
	});
});

it('a service that counts from 1 is asked for page 0 once, where a list is long', async () => {
	seed(450);
	for (let run = 0; run < 3; run++) {
		const { error, items } = await getMany();
		expect(error).toBeUndefined();
		expect(numbersOf(items)).toEqual(downFrom(449, 50));
	}
	const pages = service.emulator.calls.map(({ query }) => query.page).filter(Boolean);
	expect(pages).toEqual(['1', '0', '1', '1']);
});
