import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import type { Operation } from '../../nodes/Ampersend/actions/operation';
import { properties, resources } from '../../nodes/Ampersend/actions/registry';
import type { Evidence, Route } from '../../nodes/Ampersend/api/routes';
import { routes } from '../../nodes/Ampersend/api/routes';
import { handledRoutes } from '../../tools/emulator/index.mts';

const table: Route[] = Object.values(routes);
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

interface Called {
	name: string;
	/** Of the path. */
	evidence: Evidence;
}

const calledAt = (route: Route): Called => ({
	name: nameOf(route),
	evidence: route.facts.path.evidence,
});

/** Those that are called with an API key. */
const withKey = table.filter(({ access = 'user' }) => access === 'user').map(calledAt);
/** What an agent calls of itself instead: the official SDK has all of these. */
const ofItself = table.flatMap(({ method, sessionPath: path }): Called[] =>
	path === undefined ? [] : [{ name: nameOf({ method, path }), evidence: 'SDK' }],
);
const byAgents = table.filter(({ access }) => access === 'agent' || access === 'login');
const byAnyone = table.filter(({ access }) => access === 'anyone').map(calledAt);
const inSession = [...ofItself, ...byAgents.map(calledAt)];
const allNames = [...withKey, ...inSession, ...byAnyone].map(({ name }) => name).sort();

/** The vendor's own clients call these, and the node doesn't. */
const onlyByVendor = ['POST /agents/{address}/auth/sign-siwx'];

interface TableRow {
	resource: string;
	operation: string;
	/** What is called with an API key, and in an agent's session. */
	withKey: Called[];
	inSession: Called[];
}

function calledIn(routeCell = '', evidenceCell = ''): Called[] {
	const names = [...routeCell.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, name]) => String(name));
	const words = evidenceCell === '' ? [] : evidenceCell.split(', ');
	expect(words).toHaveLength(names.length);
	return names.map((name, i) => ({ name, evidence: words[i] as Evidence }));
}

/** Rows of the page of routes. */
function pageRows(): TableRow[] {
	const page = readFileSync(resolve(__dirname, '../../docs/routes.md'), 'utf8');
	const [, section = ''] = page.split('<!-- operations -->');
	return section
		.split('\n')
		.map((line) => line.split('|').map((cell) => cell.trim()))
		.filter((cells) => cells.length === 8 && !/^(Resource|-+)$/.test(cells[1] ?? ''))
		.map(([, resource = '', operation = '', ...cells]) => ({
			resource,
			operation,
			withKey: calledIn(cells[0], cells[1]),
			inSession: calledIn(cells[2], cells[3]),
		}));
}

/** The operations that an authentication can do, as the page names them. */
const operationsOf = (isMeant: (operation: Operation) => boolean) =>
	resources.flatMap(({ option, operations }) =>
		operations.filter(isMeant).map((operation) => `${option.name}: ${operation.option.name}`),
	);

describe('The routes table, the emulator and the page of routes agree', () => {
	it('the emulator handles exactly the routes that are called, and those of other clients', () => {
		expect(handledRoutes.map(nameOf).sort()).toEqual([...allNames, ...onlyByVendor].sort());
	});

	it('the emulator asks for a credential where the table says so', () => {
		const openTo = (access: string) =>
			handledRoutes.filter((route) => route.access === access).map(nameOf);
		expect(openTo('user').sort()).toEqual(withKey.map(({ name }) => name).sort());
		const inTable = table.filter(({ access }) => access === 'agent').map(calledAt);
		const needed = [...ofItself, ...inTable].map(({ name }) => name);
		expect(openTo('agent').sort()).toEqual([...needed, ...onlyByVendor].sort());
	});

	it('what writes is a WriteOperation, so that a retry of n8n writes nothing twice', () => {
		const isWrite = ({ name }: Called) => !name.startsWith('GET ');
		const writing = pageRows()
			.filter((row) => [...row.withKey, ...row.inSession].some(isWrite))
			.map(({ resource, operation }) => `${resource}: ${operation}`)
			.filter((name) => name !== 'Credential: Log in');
		expect(operationsOf((operation) => 'prepare' in operation).sort()).toEqual(writing.sort());
	});

	it('the table contains each route once', () => {
		expect(new Set(allNames).size).toBe(allNames.length);
	});

	it('fields of a body have the names that they have in the editor', () => {
		const shown = new Set(JSON.stringify(properties).match(/(?<="displayName":")[^"]+/g));
		const names = table.flatMap(({ fields = {} }) => Object.values(fields));
		expect(names.length).toBeGreaterThan(0);
		expect(names.filter((name) => !shown.has(name))).toEqual([]);
	});

	it('what an agent uses instead is a route of its own', () => {
		const instead = table.flatMap(({ sessionRoute }) => sessionRoute ?? []);
		expect(instead.length).toBeGreaterThan(0);
		for (const name of instead)
			expect((routes as Record<string, Route>)[name]?.access).toBe('agent');
	});

	it('the page names every operation of the node, and the trigger', () => {
		const named = pageRows().map(({ resource, operation }) => `${resource}: ${operation}`);
		const all = operationsOf(() => true);
		expect(named.sort()).toEqual([...all, 'Ampersend Trigger: Poll', 'Credential: Log in'].sort());
	});

	it.each([
		['an API key', 'withKey', operationsOf(({ inSession: only }) => only !== 'only')],
		['a session', 'inSession', operationsOf(({ inSession: also }) => also !== undefined)],
	] as const)('the page names routes for what %s can do', (_, column, operations) => {
		const named = pageRows().filter((row) => row[column].length > 0);
		const others = ['Ampersend Trigger: Poll', 'Credential: Log in'];
		expect(
			named
				.map(({ resource, operation }) => `${resource}: ${operation}`)
				.filter((name) => !others.includes(name))
				.sort(),
		).toEqual([...operations].sort());
	});

	it('the page shows exactly the routes that exist, and their evidence', () => {
		const known = (called: Called[]) => new Set(called.map((one) => JSON.stringify(one)));
		const [keyed, sessioned] = [
			known([...withKey, ...byAnyone]),
			known([...inSession, ...byAnyone]),
		];
		const shown = new Set<string>();
		for (const row of pageRows()) {
			for (const called of row.withKey) expect(keyed).toContain(JSON.stringify(called));
			for (const called of row.inSession) expect(sessioned).toContain(JSON.stringify(called));
			for (const { name } of [...row.withKey, ...row.inSession]) shown.add(name);
		}
		expect([...shown].sort()).toEqual(allNames);
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
