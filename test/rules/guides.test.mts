/** What the README, the guides and the other pages say is true. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const root = resolve(__dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

/** The README, the pages in `docs/` and what else people write: not what is generated. */
const guides = [
	...readdirSync(root).filter((name) => name.endsWith('.md')),
	...readdirSync(join(root, '.github')).flatMap((name) =>
		name.endsWith('.md') ? [`.github/${name}`] : [],
	),
	...readdirSync(join(root, 'docs')).flatMap((name) =>
		name.endsWith('.md') ? [`docs/${name}`] : [],
	),
];

const MAX_WORDS = 1_000;

/** Characters. */
const MAX_README = 9_000;

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

const notOurs = ['.git', 'node_modules', 'dist'];

/** Every file of the repository, as `/nodes/Ampersend/…`. */
const files = readdirSync(root)
	.filter((name) => !notOurs.includes(name))
	.flatMap((name) => {
		const isFolder = readdirSync(root, { withFileTypes: true }).some(
			(entry) => entry.name === name && entry.isDirectory(),
		);
		if (!isFolder) return [`/${name}`];
		return readdirSync(join(root, name), { recursive: true, encoding: 'utf8' })
			.filter((path) => !path.split('/').includes('node_modules'))
			.map((path) => `/${name}/${path}`);
	});

/** `a/{b,c}` is a/b and a/c; what follows a name that stands for any is left out. */
function pathsOf(span: string): string[] {
	const [, before = '', names, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(span) ?? [];
	const all = names === undefined ? [span] : names.split(',').map((name) => before + name + after);
	return all.map((path) => path.replace(/[^/]*[<*].*$/, '')).filter((path) => path !== '');
}

/** A guide names a file by the end of its path, and a folder with a slash behind it. */
function isThere(path: string): boolean {
	const wanted = `/${path}`;
	if (path.endsWith('/'))
		return files.some((file) => `${file}/`.endsWith(wanted) || file.includes(wanted));
	return files.some((file) => ['', '.ts'].some((end) => file.endsWith(wanted + end)));
}

const spansIn = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);

/** The scripts that a text runs. */
const commandsIn = (text: string) =>
	spansIn(text).flatMap((span) => /^npm (?:run )?(\w+)/.exec(span)?.[1] ?? []);

/** A file or a folder, and no package, command or path of the API. */
const isPath = (span: string) =>
	/^[\w.*{},<>/-]+$/.test(span) &&
	!span.startsWith('/') &&
	(span.endsWith('/') || span.includes('{') || /\.(?:m?ts|mjs|md|yml|json)$/.test(span));

/** Of the headings, as GitHub and npm make them. */
const anchorsOf = (text: string) =>
	[...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replaceAll(' ', '-'),
	);

describe.each(guides)('%s', (name) => {
	const text = read(name);

	it('names only files and folders that exist', () => {
		const paths = spansIn(text).filter(isPath).flatMap(pathsOf);
		expect(paths.filter((path) => !isThere(path) && path !== 'dist/')).toEqual([]);
	});

	it('names only commands that exist', () => {
		const commands = commandsIn(text);
		const known = [...Object.keys(scripts), 'audit', 'ci', 'test'];
		expect(commands.filter((script) => !known.includes(script))).toEqual([]);
	});

	it('links only to what exists', () => {
		const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target);
		const paths = links.map((target) => posix.join('/', posix.dirname(name), target));
		expect(paths.filter((path) => !files.includes(path) && !isThere(`${path.slice(1)}/`))).toEqual(
			[],
		);
	});

	it('links only to headings that exist', () => {
		const links = [...text.matchAll(/\]\(((?!https?:)[^)#]*)#([^)]+)\)/g)];
		const wrong = links.filter(([, target = '', anchor = '']) => {
			const page = target === '' ? name : posix.join(posix.dirname(name), target);
			return !anchorsOf(read(page)).includes(anchor);
		});
		expect(wrong.map(([link]) => link)).toEqual([]);
	});
});

describe('README.md', () => {
	it('is short, since every installation has it', () => {
		expect(read('README.md').length).toBeLessThan(MAX_README);
	});
});

describe('CONTRIBUTING.md', () => {
	const text = read('CONTRIBUTING.md');

	it('has at most 1 000 words', () => {
		expect(text.split(/\s+/).length).toBeLessThanOrEqual(MAX_WORDS);
	});

	it('has each command', () => {
		const commands = commandsIn(text);
		expect(Object.keys(scripts).filter((script) => !commands.includes(script))).toEqual([]);
	});

	it('names the steps that an operation goes through', () => {
		const paths = spansIn(text.slice(text.indexOf('\n## Add an operation'))).filter(isPath);
		expect(paths).toEqual(
			expect.arrayContaining(['index.ts', 'actions/registry.ts', 'api/routes.ts', 'outputs/']),
		);
	});
});
