import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

import { leftOut, withoutDescriptions } from '../../build/leaveOut.mts';

const root = resolve(dirname(expect.getState().testPath ?? ''), '..', '..');

/** The types of objects of which something is left out. */
const TYPES = ['Described', 'Fact', 'INodeProperties', 'INodePropertyOptions'];

/** Reads what is left out to make the lists of fields, which are left out with it. */
const MAKES_FIELDS = [
	'nodes/Ampersend/actions/registry.ts',
	'nodes/Ampersend/descriptions/locators.ts',
];

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

/** What a source file reads in the parts that aren't left out, with where it's declared. */
function readsOf(file: ts.SourceFile, checker: ts.TypeChecker) {
	const reads: Array<{ node: ts.Node; symbol: ts.Symbol | undefined }> = [];
	const visit = (node: ts.Node): void => {
		if (ts.isPropertyAccessExpression(node)) {
			reads.push({ node, symbol: checker.getSymbolAtLocation(node.name) });
		}
		if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
			const name = (node.propertyName ?? node.name).getText();
			const symbol = checker.getTypeAtLocation(node.parent).getProperty(name);
			reads.push({ node, symbol });
		}
		const gone = ts.isObjectLiteralExpression(node) ? leftOut(node) : [];
		ts.forEachChild(node, (child) => {
			if (!gone.includes(child)) visit(child);
		});
	};
	visit(file);
	return reads;
}

const names = [
	'action',
	'description',
	'displayOptions',
	'fields',
	'hint',
	'modes',
	'noDataExpression',
	'output',
	'placeholder',
	'required',
	'source',
	'type',
];

function isLeftOut(declaration: ts.Declaration): boolean {
	const { parent } = declaration;
	if (ts.isObjectLiteralExpression(parent)) return leftOut(parent).includes(declaration);
	return (
		ts.isInterfaceDeclaration(parent) &&
		TYPES.includes(parent.name.text) &&
		ts.isPropertySignature(declaration) &&
		names.includes(declaration.name.getText())
	);
}

/** What files read that isn't in the package, as `file: text`. */
function missingReads(program: ts.Program, files: string[]): string[] {
	const checker = program.getTypeChecker();
	return files.flatMap((path) => {
		const file = program.getSourceFile(path);
		if (!file) throw new Error(`${path} isn't part of the program`);
		return readsOf(file, checker)
			.filter(({ symbol }) => symbol?.declarations?.some(isLeftOut))
			.map(({ node }) => `${relative(root, path)}: ${oneLine(node.getText())}`);
	});
}

/** @param texts of files that aren't there, by path */
function programOf(files: string[], texts = new Map<string, string>()): ts.Program {
	const config = join(root, 'tsconfig.json');
	const { config: json } = ts.readConfigFile(config, (path) => readFileSync(path, 'utf8'));
	const { options } = ts.parseJsonConfigFileContent(json, ts.sys, root);
	const host = ts.createCompilerHost(options);
	const { fileExists, readFile } = host;
	return ts.createProgram(files, options, {
		...host,
		fileExists: (path) => texts.has(path) || fileExists(path),
		readFile: (path) => texts.get(path) ?? readFile(path),
		getSourceFile: (path, version) => {
			const text = texts.get(path) ?? readFile(path);
			return text === undefined ? undefined : ts.createSourceFile(path, text, version, true);
		},
	});
}

describe('What is left out of the code', () => {
	const example = join(root, 'nodes', 'Ampersend', 'example.ts');
	const text = `
		import type { INodeProperties } from 'n8n-workflow';
		const field = { displayName: 'A', name: 'a', type: 'string', hint: 'b', default: '' };
		const other: INodeProperties = { displayName: 'A', name: 'a', type: 'string', default: '' };
		export const read = [field.hint, field.default, other.placeholder, other.name];
		export const { hint, name } = field;
		export const ofEach = (fields: INodeProperties[]) => fields.map(({ description: d }) => d);
		export const isKept = ({ hint }: { hint: string }) => hint;
	`;
	const program = programOf([join(root, 'index.ts'), example], new Map([[example, text]]));

	it('is read by nothing in it', () => {
		const ours = program
			.getSourceFiles()
			.map(({ fileName }) => fileName)
			.filter((path) => /[\\/]nodes[\\/]Ampersend[\\/]/.test(path) && path !== example)
			.filter((path) => !MAKES_FIELDS.includes(relative(root, path)));
		expect(ours.length).toBeGreaterThan(100);
		expect(missingReads(program, ours)).toEqual([]);
	});

	it('is found where something reads it', () => {
		const found = missingReads(program, [example]).map((read) => read.replace(/^.*?: /, ''));
		expect(found).toEqual(['field.hint', 'other.placeholder', 'hint', 'description: d']);
	});
});

describe('A source file without descriptions', () => {
	const shown = (text: string) => oneLine(withoutDescriptions(text));

	it.each([
		[
			'a field',
			"f({ displayName: 'A', hint: 'B', default: '' })",
			"f({ displayName: 'A', default: '' })",
		],
		[
			'the options of a field',
			"f({ displayName: 'A', options: [{ name: 'C', value: 'c', action: 'D' }] })",
			"f({ displayName: 'A', options: [{ name: 'C', value: 'c', }] })",
		],
		['another object', "f({ description: 'A', hint: 'B' })", "f({ description: 'A', hint: 'B' })"],
		[
			'an operation',
			'f({ option: o, fields: [g({ hint: 1 })], output, execute() { return 1; } })',
			'f({ option: o, execute() { return 1; } })',
		],
		[
			'a class',
			"class A implements INodeType { name = 'a'; properties = [{ displayName: 'A' }]; poll() {} }",
			"class A implements INodeType { name = 'a'; poll() {} }",
		],
		[
			'another class',
			"class A extends Error { readonly description = 'b'; }",
			"class A extends Error { readonly description = 'b'; }",
		],
		[
			'an option that a function makes',
			"f(() => ({ name: 'A', value: 'a', description: 'B' }))",
			"f(() => ({ name: 'A', value: 'a', description: 'B' }))",
		],
		[
			'a definition, so that it can be left out if nothing uses it',
			"const field = optionsField([{ displayName: 'A', hint: 'B' }]);",
			"const field = /* @__PURE__ */ (() => ( optionsField([{ displayName: 'A', }])))();",
		],
		[
			'a variable of a function',
			'function f() { const a = g(); return a; }',
			'function f() { const a = g(); return a; }',
		],
		[
			'where a fact is from',
			"const a = documented('Page');",
			'const a = /* @__PURE__ */ (() => ( documented()))();',
		],
	])('has what the code needs: %s', (_, text, expected) => {
		expect(shown(text)).toBe(expected);
	});
});
