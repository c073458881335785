/**
 * No pattern of the published code takes more steps than a constant times the length of its text.
 * `recheck` proves that from the pattern itself: its automaton shows how the number of backtracking
 * steps grows, without a clock. If it can't (a back reference), write the pattern in another way.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const root = resolve(__dirname, '../..');

interface Pattern {
	place: string;
	source: string;
	flags: string;
}

interface Found {
	patterns: Pattern[];
	/** Built from values, so nothing can be proven about them. */
	unknown: string[];
}

/** String methods that turn any argument into a pattern. */
const MAKES_PATTERN = new Set(['match', 'matchAll', 'search']);

function patternsOf(file: string, text: string): Found {
	const sourceFile = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
	const found: Found = { patterns: [], unknown: [] };
	const placeOf = (node: ts.Node) =>
		`${file}:${sourceFile.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
	const visit = (node: ts.Node): void => {
		if (ts.isRegularExpressionLiteral(node)) {
			const end = node.text.lastIndexOf('/');
			const [source, flags] = [node.text.slice(1, end), node.text.slice(end + 1)];
			found.patterns.push({ place: placeOf(node), source, flags });
		} else if (ts.isIdentifier(node) && node.text === 'RegExp') {
			const { parent } = node;
			const isMade =
				(ts.isNewExpression(parent) || ts.isCallExpression(parent)) && parent.expression === node;
			const [source, flags] = isMade ? (parent.arguments ?? []) : [];
			if (source && ts.isStringLiteralLike(source) && (!flags || ts.isStringLiteralLike(flags))) {
				found.patterns.push({
					place: placeOf(node),
					source: source.text,
					flags: flags && ts.isStringLiteralLike(flags) ? flags.text : '',
				});
			} else if (!ts.isTypeReferenceNode(parent)) {
				found.unknown.push(placeOf(node));
			}
		} else if (
			ts.isCallExpression(node) &&
			ts.isPropertyAccessExpression(node.expression) &&
			MAKES_PATTERN.has(node.expression.name.text) &&
			!(node.arguments[0] && ts.isRegularExpressionLiteral(node.arguments[0]))
		) {
			found.unknown.push(placeOf(node));
		}
		ts.forEachChild(node, visit);
	};
	visit(sourceFile);
	return found;
}

function shipped(): Found {
	const files = ['nodes', 'credentials'].flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts'))
			.map((name) => join(folder, name)),
	);
	const found = files.map((file) => patternsOf(file, readFileSync(join(root, file), 'utf8')));
	return {
		patterns: found.flatMap(({ patterns }) => patterns),
		unknown: found.flatMap(({ unknown }) => unknown),
	};
}

/** How the steps grow with the text; `safe` is a bound that doesn't depend on it. */
function growthsOf(patterns: Array<Pick<Pattern, 'source' | 'flags'>>): string[] {
	const input = JSON.stringify(patterns.map(({ source, flags }) => ({ source, flags })));
	const output = execFileSync(process.execPath, [join(__dirname, 'growth.cjs')], {
		input,
		encoding: 'utf8',
		timeout: 55_000,
	});
	return JSON.parse(output) as string[];
}

const { patterns, unknown } = shipped();

describe('Every pattern of the published code', () => {
	it('is found, and is a literal', () => {
		expect(unknown).toEqual([]);
		expect(patterns.length).toBeGreaterThan(20);
	});

	it('takes a number of steps at most proportional to the length of its text', () => {
		const growths = growthsOf(patterns);
		expect(growths).toHaveLength(patterns.length);
		const slow = patterns.flatMap(({ place, source, flags }, i) =>
			['safe', 'linear'].includes(growths[i] ?? '')
				? []
				: [`${place} /${source}/${flags} is ${growths[i]}`],
		);
		expect(slow).toEqual([]);
	});
});

describe('The proof', () => {
	it('distinguishes patterns by how their steps grow', () => {
		const growths: Array<[RegExp, string]> = [
			[/^\d*\.?\d+e[+-]?\d+$/i, 'polynomial'],
			[/\.+$/, 'polynomial'],
			[/\/+$/, 'polynomial'],
			[/^\s*(.*?)\s*$/, 'polynomial'],
			[/^(?:a+)+$/, 'exponential'],
			[/^\d+$/, 'linear'],
			[/^\d{1,78}$/, 'safe'],
			[/^(a+)\1$/, 'unknown (unsupported)'],
		];
		expect(growthsOf(growths.map(([pattern]) => pattern))).toEqual(
			growths.map(([, growth]) => growth),
		);
	});

	it('finds literals, and every way to create a pattern from text', () => {
		const text = [
			'const one = text.replace(/a+/g, "");',
			'new RegExp("b+", "i");',
			'RegExp(`c`);',
			'new RegExp(`d{1,${most}}`);',
			'const made = RegExp;',
			'text.search(given);',
			'text.match(/e/u);',
			'const typed: RegExp = one;',
		].join('\n');
		expect(patternsOf('x.ts', text)).toEqual({
			patterns: [
				{ place: 'x.ts:1', source: 'a+', flags: 'g' },
				{ place: 'x.ts:2', source: 'b+', flags: 'i' },
				{ place: 'x.ts:3', source: 'c', flags: '' },
				{ place: 'x.ts:7', source: 'e', flags: 'u' },
			],
			unknown: ['x.ts:4', 'x.ts:5', 'x.ts:6'],
		});
	});
});
