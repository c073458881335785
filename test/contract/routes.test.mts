import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { resources } from '../../nodes/Ampersend/actions/registry';
import type { Route } from '../../nodes/Ampersend/api/routes';
import { routes } from '../../nodes/Ampersend/api/routes';
import { handledRoutes } from '../emulator/index.mts';

const table: Route[] = Object.values(routes);
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

/** Those that are called with an API key, and those that are called in an agent's session. */
const withKey = table.filter(({ path, sessionPath }) => path !== sessionPath);
const inSession = table.flatMap(({ method, sessionPath: path }) =>
	path === undefined ? [] : [{ method, path }],
);
const allNames = [...withKey, ...inSession].map(nameOf).sort();

interface TableRow {
	resource: string;
	operation: string;
	routes: string[];
	evidence: string[];
	/** Called in an agent's session. */
	session: string[];
}

function routesIn(cell: string): string[] {
	return [...cell.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => String(route));
}

/** Rows of the README's operation table. */
function readmeRows(): TableRow[] {
	const readme = readFileSync(resolve(__dirname, '../../README.md'), 'utf8');
	const [, section = ''] = readme.split('<!-- operations -->');
	return section
		.split('\n')
		.map((line) => line.split('|').map((cell) => cell.trim()))
		.filter((cells) => cells.length === 7 && !/^(Resource|-+)$/.test(cells[1] ?? ''))
		.map(([, resource = '', operation = '', calls = '', evidence = '', session = '']) => ({
			resource,
			operation,
			routes: routesIn(calls),
			evidence: evidence === '' ? [] : evidence.split(',').map((word) => word.trim()),
			session: routesIn(session),
		}));
}

describe('The routes table, the emulator and the README agree', () => {
	it('the emulator handles exactly the routes that are called', () => {
		expect(handledRoutes.map(nameOf).sort()).toEqual(allNames);
	});

	it('the table contains each route once', () => {
		expect(new Set(allNames).size).toBe(allNames.length);
	});

	it('the README names every operation of the node, and the trigger', () => {
		const operations = resources.flatMap(({ option, operations: own }) =>
			own.map((operation) => `${option.name}: ${operation.option.name}`),
		);
		expect(
			readmeRows()
				.map(({ resource, operation }) => `${resource}: ${operation}`)
				.sort(),
		).toEqual([...operations, 'Ampersend Trigger: Poll', 'Credential: Log in'].sort());
	});

	it('the README names exactly the routes that exist', () => {
		const named = new Set(readmeRows().flatMap((row) => [...row.routes, ...row.session]));
		expect([...named].sort()).toEqual(allNames);
	});

	it('the README shows the evidence of the routes table', () => {
		const evidenceOf = new Map(table.map((route) => [nameOf(route), route.evidence]));
		for (const row of readmeRows()) {
			expect({ ...row, evidence: row.routes.map((route) => evidenceOf.get(route)) }).toEqual(row);
		}
	});

	it('the README names a session for exactly the operations that have one', () => {
		const operations = resources.flatMap(({ option, operations: own }) =>
			own
				.filter(({ inSession: isInSession }) => isInSession)
				.map((operation) => `${option.name}: ${operation.option.name}`),
		);
		expect(
			readmeRows()
				.filter(({ session }) => session.length > 0)
				.map(({ resource, operation }) => `${resource}: ${operation}`)
				.sort(),
		).toEqual([...operations, 'Ampersend Trigger: Poll', 'Credential: Log in'].sort());
	});

	it('the README names only routes of a session in that column', () => {
		const names = inSession.map(nameOf);
		for (const { session } of readmeRows()) expect(names).toEqual(expect.arrayContaining(session));
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
