/**
 * A route that turns out to be elsewhere is one line to change. For tests that import this file
 * first, two routes have moved: their lines are changed in the text of `api/routes.ts`.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { jest } from '@jest/globals';
import { transformSync } from '@swc/core';

const file = resolve('nodes/Ampersend/api/routes.ts');

const moves = [
	['getAllowlist', "path: '/agents", "prefix: '/api/v1', path: '/agents"],
	['replaceAllowlist', "method: 'PUT'", "method: 'PATCH'"],
] as const;

/** The text with the first `from` after the name of the route replaced. */
function move(text: string, [route, from, to]: (typeof moves)[number]): string {
	const at = text.indexOf(from, text.indexOf(`\t${route}: {`));
	if (at < 0) throw new Error(`api/routes.ts has no ${from} in ${route}`);
	return text.slice(0, at) + to + text.slice(at + from.length);
}

jest.doMock('../../nodes/Ampersend/api/routes', () => {
	const { code } = transformSync(moves.reduce(move, readFileSync(file, 'utf8')), {
		filename: file,
		jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
		module: { type: 'commonjs' },
	});
	const load = (name: string): unknown =>
		jest.requireActual(name.startsWith('.') ? resolve(file, '..', name) : name);
	const exports = {};
	new Function('exports', 'require', code)(exports, load);
	return exports;
});
