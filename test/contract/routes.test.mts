import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { resources } from '../../nodes/Ampersend/actions/registry';
import type { Route } from '../../nodes/Ampersend/api/routes';
import { routes } from '../../nodes/Ampersend/api/routes';
import { handledRoutes } from '../emulator/index.mts';

const table: Route[] = Object.values(routes);
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

interface TableRow {
	resource: string;
	operation: string;
	routes: string[];
	evidence: string[];
}

/** Rows of the README's operation table: `| Resource | Operation | Calls | Evidence |`. */
function readmeRows(): TableRow[] {
	const readme = readFileSync(resolve(__dirname, '../../README.md'), 'utf8');
	const [, section = ''] = readme.split('<!-- operations -->');
	return section
		.split('\n')
		.map((line) => line.split('|').map((cell) => cell.trim()))
		.filter((cells) => cells.length === 6 && !/^(Resource|-+)$/.test(cells[1] ?? ''))
		.map(([, resource = '', operation = '', calls = '', evidence = '']) => ({
			resource,
			operation,
			routes: [...calls.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => String(route)),
			evidence: evidence.split(',').map((word) => word.trim()),
		}));
}

describe('The routes table, the emulator and the README agree', () => {
	it('the emulator handles exactly the routes that are called', () => {
		expect(handledRoutes.map(nameOf).sort()).toEqual(table.map(nameOf).sort());
	});

	it('the table contains each route once', () => {
		expect(new Set(table.map(nameOf)).size).toBe(table.length);
	});

	it('the README names every operation of the node, and the trigger', () => {
		const operations = resources.flatMap(({ option, operations: own }) =>
			own.map((operation) => `${option.name}: ${operation.option.name}`),
		);
		expect(
			readmeRows()
				.map(({ resource, operation }) => `${resource}: ${operation}`)
				.sort(),
		).toEqual([...operations, 'Ampersend Trigger: Poll'].sort());
	});

	it('the README names exactly the routes that exist', () => {
		const named = new Set(readmeRows().flatMap((row) => row.routes));
		expect([...named].sort()).toEqual(table.map(nameOf).sort());
	});

	it('the README shows the evidence of the routes table', () => {
		const evidenceOf = new Map(table.map((route) => [nameOf(route), route.evidence]));
		for (const row of readmeRows()) {
			expect({ ...row, evidence: row.routes.map((route) => evidenceOf.get(route)) }).toEqual(row);
		}
	});

	it('every write says how to check whether it happened', () => {
		for (const route of table) {
			expect({ route: nameOf(route), check: typeof route.check }).toEqual({
				route: nameOf(route),
				check: route.method === 'GET' ? 'undefined' : 'string',
			});
		}
	});
});
