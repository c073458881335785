import { readFile } from 'node:fs/promises';

import type { Plugin } from 'esbuild';
import ts from 'typescript';

/**
 * What is read by the editor or by our tests only, by the names that tell what an object is.
 * `isMade`: also where a function makes it.
 */
const UNUSED: Array<{ of: string[]; names: string[]; isMade: boolean }> = [
	{
		of: ['displayName'],
		names: [
			'description',
			'displayOptions',
			'hint',
			'modes',
			'noDataExpression',
			'placeholder',
			'required',
			'type',
		],
		isMade: true,
	},
	{ of: ['name', 'value'], names: ['action', 'description', 'displayOptions'], isMade: false },
	{ of: ['option', 'fields', 'output'], names: ['fields', 'output'], isMade: true },
	{ of: ['evidence', 'source'], names: ['source'], isMade: true },
];

/** What says where a fact is from, for those who check it (`api/routes.ts`). */
const SOURCES = ['documented', 'inSdk', 'assumed'];

/** What n8n gets from an entry, before it calls anything. */
const DESCRIPTIVE = ['description', 'displayName', 'documentationUrl', 'icon', 'properties'];

/** What the class of an entry implements. */
const ENTRY_TYPES = ['INodeType', 'ICredentialType'];

interface Edit {
	start: number;
	end: number;
	text: string;
}

const nameOf = ({ name }: ts.ObjectLiteralElementLike | ts.ClassElement): string =>
	name && ts.isIdentifier(name) ? name.text : '';

function isInFunction(node: ts.Node): boolean {
	for (let above = node.parent; above !== undefined; above = above.parent) {
		if (ts.isFunctionLike(above)) return true;
	}
	return false;
}

/** What to leave out of an object. An option that a function makes is for a list of n8n's editor. */
export function leftOut(node: ts.ObjectLiteralExpression): ts.Node[] {
	const { properties } = node;
	const present = properties.map(nameOf);
	const names = UNUSED.filter(({ of, isMade }) => {
		return of.every((name) => present.includes(name)) && (isMade || !isInFunction(node));
	});
	return properties.filter(
		(property) =>
			!ts.isSpreadAssignment(property) &&
			names.some((kind) => kind.names.includes(nameOf(property))),
	);
}

/** A statement outside of any function, where the bundler can't see that it has no effect. */
function isUndecided({ parent, initializer }: ts.VariableDeclaration): boolean {
	if (!initializer || !ts.isSourceFile(parent.parent.parent)) return false;
	return !ts.isArrowFunction(initializer) && !ts.isLiteralExpression(initializer);
}

/** Whether a node is a field of a class that n8n loads. Other classes can have such names, too. */
function isOfEntry(node: ts.Node): node is ts.PropertyDeclaration {
	if (!ts.isPropertyDeclaration(node)) return false;
	const bases = node.parent.heritageClauses?.flatMap(({ types }) => types) ?? [];
	return bases.some(({ expression }) => ENTRY_TYPES.includes(expression.getText()));
}

function editsOf(node: ts.Node, text: string): Edit[] {
	const cut = ({ pos, end }: ts.Node): Edit => {
		return { start: pos, end: text.charAt(end) === ',' ? end + 1 : end, text: '' };
	};
	if (ts.isObjectLiteralExpression(node)) return leftOut(node).map(cut);
	if (isOfEntry(node) && DESCRIPTIVE.includes(nameOf(node))) return [cut(node)];
	if (ts.isCallExpression(node) && SOURCES.includes(node.expression.getText())) {
		return [{ start: node.arguments.pos, end: node.arguments.end, text: '' }];
	}
	if (ts.isVariableDeclaration(node) && node.initializer && isUndecided(node)) {
		const { pos, end } = node.initializer;
		return [
			{ start: pos, end: pos, text: ' /* @__PURE__ */ (() => (' },
			{ start: end, end, text: '))()' },
		];
	}
	return [];
}

/**
 * The text of a source file without what only the editor reads. Our files define, and do nothing
 * else: what they define is marked, so that it's left out where nothing uses it then.
 */
export function withoutDescriptions(text: string): string {
	const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
	const edits: Edit[] = [];
	const visit = (node: ts.Node): void => {
		const found = editsOf(node, text);
		edits.push(...found);
		const gone = found.filter((edit) => edit.text === '');
		ts.forEachChild(node, (child) => {
			if (!gone.some(({ start, end }) => start <= child.pos && child.end <= end)) visit(child);
		});
	};
	visit(file);
	return edits
		.map((edit, order) => ({ ...edit, order }))
		.sort((one, other) => other.start - one.start || other.order - one.order)
		.reduce((rest, { start, end, text: added }) => {
			// The lines stay where they are, for stack traces.
			const lines = rest.slice(start, end).replace(/[^\n]/g, '');
			return rest.slice(0, start) + added + lines + rest.slice(end);
		}, text);
}

/**
 * The entries have what the editor reads, as constants. The code would have it a second time, which
 * is a tenth of the package.
 */
export const leaveOutDescriptions: Plugin = {
	name: 'descriptions',
	setup({ onLoad }) {
		const filter = /[\\/](nodes[\\/]Ampersend|credentials)[\\/].*\.ts$/;
		onLoad({ filter }, async ({ path }) => ({
			contents: withoutDescriptions(await readFile(path, 'utf8')),
			loader: 'ts',
		}));
	},
};
