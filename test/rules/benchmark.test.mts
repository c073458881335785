/** The figures in docs/benchmark.md are of what the repository has now. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, it } from '@jest/globals';
import type { INodeProperties } from 'n8n-workflow';

import { HEADER } from '../../bench/csv.mts';
import { findOperation } from '../../nodes/Ampersend/actions/registry';

const root = resolve(__dirname, '../..');
const page = readFileSync(join(root, 'docs', 'benchmark.md'), 'utf8');

/** Commits to what is shipped, since the measurement. */
const MAX_COMMITS = 40;

const PARTS = ['exports', 'package', 'polls'];

/** @returns undefined if Git isn't there, or fails */
function git(...args: string[]): string | undefined {
	try {
		return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
	} catch {
		return undefined;
	}
}

/** Why the history can't be looked at. */
function reasonToSkip(): string | undefined {
	const top = git('rev-parse', '--show-toplevel');
	if (top === undefined || resolve(top) !== root) return 'this is no Git repository';
	return git('rev-parse', '--is-shallow-repository') === 'true'
		? 'the clone is shallow'
		: undefined;
}

function commitOf(part: string): string | undefined {
	const [, text = ''] = page.split(new RegExp(`<!-- (?:end of )?${part} -->`));
	return /^Commit ([0-9a-f]{7,40}): `npm run bench/m.exec(text)?.[1];
}

it.each(PARTS)('the page has %s as "npm run bench -- --write" writes them', (part) => {
	expect(commitOf(part)).toBeDefined();
});

const reason = reasonToSkip();
const itWithHistory = reason === undefined ? it : it.skip;
const because = reason === undefined ? '' : ` (skipped: ${reason})`;

itWithHistory.each(PARTS)(`%s are of a recent commit${because}`, (part) => {
	const commit = commitOf(part) ?? '';
	// Fails for a commit that isn't in this history.
	expect(git('merge-base', '--is-ancestor', commit, 'HEAD')).toBeDefined();
	const shipped = ['nodes', 'credentials', 'build'];
	const count = git('rev-list', '--count', `${commit}..HEAD`, '--', ...shipped);
	expect(Number(count)).toBeLessThanOrEqual(MAX_COMMITS);
});

it('what is measured beside an export writes its columns, in its order', () => {
	const header = HEADER.trim().split(',');
	const fields = findOperation('transaction', 'export')?.fields ?? [];
	const options = fields.flatMap((field) => (field.options ?? []) as INodeProperties[]);
	const columns = options.find(({ name }) => name === 'columns')?.options ?? [];
	const names = columns.map((column) => ('value' in column ? String(column.value) : ''));
	expect(names.filter((name) => header.includes(name))).toEqual(header);
});
