import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, relative, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const root = resolve(__dirname, '../..');

function filesBelow(folder: string, ending: string): string[] {
	return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
		.map((name) => join(folder, name));
}

/** What a file imports: relative paths from the repository's root, packages by name. */
function importsOf(file: string): string[] {
	const text = readFileSync(join(root, file), 'utf8');
	return [...text.matchAll(/(?:\sfrom |\bimport |\b(?:import|require)\()'([^'\n]+)'/g)].map(
		([, target = '']) =>
			target.startsWith('.') ? posix.normalize(posix.join(posix.dirname(file), target)) : target,
	);
}

const source = [
	...filesBelow('nodes', '.ts'),
	...filesBelow('credentials', '.ts'),
	relative(root, join(root, 'index.ts')),
];

const own = 'nodes/Ampersend';
const guide = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

const spansIn = (text: string): string[] =>
	[...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
const exact = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const isOf = (folder: string) => new RegExp(`^${exact(`${own}/${folder}`)}`);

/** What a row of the guide allows: a folder of the source, or a package with its parts. */
function allowed(span: string): RegExp {
	return span.endsWith('/') ? isOf(span) : new RegExp(`^${exact(span)}(?:/|$)`);
}

/** Files that are functions of values, as the guide lists them: paths in groups of names. */
const [, list = ''] = /types of `schemas\/` and `zod\/v4-mini`:\n([^.]*)\./.exec(guide) ?? [];
const pure = spansIn(list).flatMap((span) => {
	const [, folder = '', names = ''] = /^(.+)\{(.+)\}$/.exec(span) ?? [];
	return names.split(',').map((name) => `${folder}${name}`);
});
const isPure = (path: string) =>
	pure.some((name) =>
		new RegExp(`^${own}/${exact(name).replace('\\*', '\\w+')}(?:\\.ts)?$`).test(path),
	) || path === `${own}/trigger/reading`;

interface Layer {
	name: string;
	files: RegExp;
	may: RegExp[];
}

const folders: Layer[] = [...guide.matchAll(/^\| `(\w+\/)` \|[^|]+\|([^|]+)\|$/gm)].map(
	([, folder = '', spans = '']) => ({
		name: `${folder} imports only what docs/architecture.md says`,
		files: isOf(folder),
		may: [isOf(folder), ...spansIn(spans).map(allowed)],
	}),
);

const layers: Layer[] = [
	...folders,
	{
		name: 'the node imports actions, descriptions and methods',
		files: new RegExp(`^${own}/Ampersend\\.node\\.ts$`),
		may: [new RegExp(`^${own}/(actions|descriptions|methods)/`), /^n8n-workflow$/],
	},
	{
		name: "the trigger's node imports trigger, descriptions and methods",
		files: new RegExp(`^${own}/AmpersendTrigger\\.node\\.ts$`),
		may: [new RegExp(`^${own}/(trigger|descriptions|methods)/`), /^n8n-workflow$/],
	},
	{
		name: 'the credentials import only how to connect, log in and authorize',
		files: /^credentials\//,
		may: [
			new RegExp(`^${own}/api/connection/(agentConnection|agentSession|authorize|deployments)$`),
			/^n8n-workflow$/,
		],
	},
];

describe('Layers', () => {
	it.each(layers)('$name', ({ files, may }) => {
		const matching = source.filter((file) => files.test(file));
		expect(matching).not.toEqual([]);
		const forbidden = matching.flatMap((file) =>
			importsOf(file)
				.filter((target) => !may.some((allowed) => allowed.test(target)))
				.map((target) => `${file} imports ${target}`),
		);
		expect(forbidden).toEqual([]);
	});

	it("only the trigger's node imports from trigger", () => {
		const outside = source
			.filter((file) => !file.startsWith(`${own}/trigger/`))
			.filter((file) => importsOf(file).some((target) => target.startsWith(`${own}/trigger/`)));
		expect(outside).toEqual([`${own}/AmpersendTrigger.node.ts`]);
	});

	it('every folder of the source has a row in the guide', () => {
		const below = (folder: string) =>
			readdirSync(join(root, folder), { withFileTypes: true })
				.filter((entry) => entry.isDirectory())
				.map(({ name }) => `${name}/`);
		const rows = [...guide.matchAll(/^\| `(\w+\/)`/gm)].map(([, folder]) => folder);
		expect(rows.toSorted()).toEqual(below(own).toSorted());
	});

	it('the pure files import only each other, domain and types of schemas', () => {
		const files = source.filter(isPure);
		expect(files.length).toBeGreaterThanOrEqual(pure.length);
		const others = /^zod\/v4-mini$/;
		const forbidden = files.flatMap((file) =>
			importsOf(file)
				.filter((target) => !isPure(target) && !others.test(target))
				.filter((target) => !new RegExp(`^${own}/(domain|schemas)/`).test(target))
				.map((target) => `${file} imports ${target}`),
		);
		expect(forbidden).toEqual([]);
	});

	it.each(pure)('the pure file %s exists', (name) => {
		const pattern = new RegExp(`^${own}/${exact(name).replace('\\*', '\\w+')}\\.ts$`);
		expect(source.filter((path) => pattern.test(path))).not.toEqual([]);
	});

	it('trigger and the pure files import only types from schemas', () => {
		const values = source
			.filter((file) => file.startsWith(`${own}/trigger/`) || isPure(file))
			.flatMap((file) => [
				...readFileSync(join(root, file), 'utf8').matchAll(
					/^import (?!type )[^;]*from '(?:\.\.\/)+schemas\/[^']*';$/gm,
				),
			]);
		expect(values).toEqual([]);
	});

	it('no resource imports a sibling', () => {
		const resourceOf = (path: string) => /\/actions\/(\w+)\//.exec(path)?.[1];
		const siblings = source.flatMap((file) =>
			importsOf(file)
				.filter((target) => resourceOf(file) && resourceOf(target))
				.filter((target) => resourceOf(target) !== resourceOf(file))
				.map((target) => `${file} imports ${target}`),
		);
		expect(siblings).toEqual([]);
	});

	it('published code imports neither tests nor modules of Node.js that n8n rejects', () => {
		const forbidden = source.flatMap((file) =>
			importsOf(file)
				.filter(
					(target) =>
						/^(test|tools)\//.test(target) ||
						(target !== 'node:crypto' && builtinModules.includes(target.replace(/^node:/, ''))),
				)
				.map((target) => `${file} imports ${target}`),
		);
		expect(forbidden).toEqual([]);
	});

	it('the emulator imports nothing from the source', () => {
		const emulator = filesBelow('tools/emulator', '.mts');
		expect(emulator).not.toEqual([]);
		expect(
			emulator.flatMap(importsOf).filter((target) => /^(nodes|credentials|index)\b/.test(target)),
		).toEqual([]);
	});
});

describe('One door', () => {
	it("only api/client.ts makes requests, with n8n's HTTP helpers or in any other way", () => {
		const waysOut =
			/helpers\s*\??\.\s*\w*request|helpers\[|\bfetch\(|XMLHttpRequest|\bhttps?\.request/i;
		const users = source.filter((file) => waysOut.test(readFileSync(join(root, file), 'utf8')));
		expect(users).toEqual([`${own}/api/client.ts`]);
	});

	it('only the routes table contains paths of the API', () => {
		const spelled = source
			.filter((file) => file !== `${own}/api/routes.ts`)
			.filter((file) => /['"`]\/agents/.test(readFileSync(join(root, file), 'utf8')));
		expect(spelled).toEqual([]);
	});
});

describe('The package', () => {
	const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
		string,
		unknown
	>;

	it('has no run-time dependencies except the one that n8n provides', () => {
		expect(manifest.dependencies).toBeUndefined();
		expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
	});

	it('pins every development dependency', () => {
		const loose = Object.entries(manifest.devDependencies as Record<string, string>).filter(
			([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
		);
		expect(loose).toEqual([]);
	});
});
