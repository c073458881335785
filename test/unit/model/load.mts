import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import { transformSync } from '@swc/core';

import type * as cursor from '../../../nodes/Ampersend/domain/cursor';
import type * as cursorState from '../../../nodes/Ampersend/domain/cursor-state';
import type * as reading from '../../../nodes/Ampersend/domain/reading';

/** The modules that decide what the trigger tells of. */
export type Cursor = typeof cursor & typeof cursorState & typeof reading;

const domain = resolve(__dirname, '../../../nodes/Ampersend/domain');

/** A change of the source: `from` has to stand in it exactly once. */
export interface Edit {
	file: 'cursor.ts' | 'cursor-state.ts' | 'reading.ts' | 'filter.ts';
	from: string;
	to: string;
}

function edited(file: string, edits: Edit[]): string {
	return edits
		.filter((edit) => join(domain, edit.file) === file)
		.reduce((source, { from, to }) => {
			const parts = source.split(from);
			if (parts.length !== 2) throw new Error(`stands ${parts.length - 1} times in ${file}: ${from}`);
			return parts.join(to);
		}, readFileSync(file, 'utf8'));
}

/** Loads the modules anew, with changes: pages so small that short histories have many, or a defect. */
export function loadCursor(edits: Edit[]): Cursor {
	const loaded = new Map<string, { exports: object }>();
	const load = (file: string): object => {
		const known = loaded.get(file);
		if (known) return known.exports;
		const module = { exports: {} };
		loaded.set(file, module);
		const { code } = transformSync(edited(file, edits), {
			filename: file,
			jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
			module: { type: 'commonjs' },
		});
		const outside = createRequire(file);
		const find = (name: string): object =>
			name.startsWith('.') ? load(`${join(dirname(file), name)}.ts`) : (outside(name) as object);
		new Function('module', 'exports', 'require', code)(module, module.exports, find);
		return module.exports;
	};
	const parts = ['cursor-state.ts', 'reading.ts', 'cursor.ts'].map((name) => load(join(domain, name)));
	return Object.assign({}, ...parts) as Cursor;
}

/** Pages of 3 and 5 rows instead of 20 and 200. */
export const smallPages: Edit[] = [
	{ file: 'reading.ts', from: 'const FIRST_PAGE = 20;', to: 'const FIRST_PAGE = 3;' },
	{ file: 'reading.ts', from: 'const LARGEST_PAGE = 200;', to: 'const LARGEST_PAGE = 5;' },
];
