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
/** Files of the trigger that are functions of values. */
const pure = 'reading/\\w+|cursor|state';
/** Files that read a list from the answers that they are given. */
const pureLists = 'pages|stretch|top|moment|repeats|walk';
const layers: Array<{ name: string; files: RegExp; may: RegExp[] }> = [
	{
		name: 'domain imports nothing but domain, zod and pure libraries that are bundled',
		files: new RegExp(`^${own}/domain/`),
		may: [
			new RegExp(`^${own}/domain/`),
			/^zod\/v4-mini$/,
			/^@noble\/(curves|hashes)\//,
			/^(csv-stringify\/sync|ipaddr\.js)$/,
		],
	},
	{
		name: 'schemas import zod, domain and each other',
		files: new RegExp(`^${own}/schemas/`),
		may: [new RegExp(`^${own}/(schemas|domain)/`), /^zod\/v4-mini$/],
	},
	{
		name: 'api imports schemas, domain, itself and n8n-workflow',
		files: new RegExp(`^${own}/api/`),
		may: [
			new RegExp(`^${own}/(api|schemas|domain)/`),
			/^(n8n-workflow|zod\/v4-mini|p-limit|package\.json)$/,
		],
	},
	{
		name: 'descriptions import domain and n8n-workflow',
		files: new RegExp(`^${own}/descriptions/`),
		may: [new RegExp(`^${own}/(descriptions|domain)/`), /^n8n-workflow$/],
	},
	{
		name: 'methods import api, descriptions, domain, each other and n8n-workflow',
		files: new RegExp(`^${own}/methods/`),
		may: [new RegExp(`^${own}/(methods|api|descriptions|domain)/`), /^n8n-workflow$/],
	},
	{
		name: 'a resource imports api, schemas, descriptions, domain, zod and what all resources share',
		files: new RegExp(`^${own}/actions/\\w+/`),
		may: [
			new RegExp(`^${own}/(api|schemas|descriptions|domain)/`),
			new RegExp(`^${own}/actions/(approval|operation|history)$`),
			new RegExp(`^${own}/actions/\\w+/`),
			/^(n8n-workflow|zod\/v4-mini)$/,
		],
	},
	{
		name: 'what all resources share imports api, descriptions, domain, zod and the resources',
		files: new RegExp(`^${own}/actions/\\w+\\.ts$`),
		may: [
			new RegExp(`^${own}/(actions|api|descriptions|domain)/`),
			/^(n8n-workflow|zod\/v4-mini)$/,
		],
	},
	{
		name: 'the node imports actions and methods',
		files: new RegExp(`^${own}/Ampersend\\.node\\.ts$`),
		may: [new RegExp(`^${own}/(actions|methods)/`), /^n8n-workflow$/],
	},
	{
		name: "trigger imports api, descriptions, schemas, domain, a transaction's output and itself",
		files: new RegExp(`^${own}/trigger/`),
		may: [
			new RegExp(`^${own}/(trigger|api|descriptions|schemas|domain)/`),
			new RegExp(`^${own}/actions/transaction/output$`),
			/^(n8n-workflow|zod\/v4-mini)$/,
			/^@noble\/hashes\//,
		],
	},
	{
		name: 'the list reader is pure: it imports domain, and types of schemas',
		files: new RegExp(`^${own}/api/lists/(${pureLists})\\.ts$`),
		may: [new RegExp(`^${own}/(domain|schemas)/`), new RegExp(`^${own}/api/lists/(${pureLists})$`)],
	},
	{
		name: 'what the trigger reads, decides and stores is pure',
		files: new RegExp(`^${own}/trigger/(${pure})\\.ts$`),
		may: [
			new RegExp(`^${own}/(domain/|api/lists/(${pureLists})$)`),
			new RegExp(`^${own}/trigger/(${pure}|reading)$`),
			/^@noble\/hashes\//,
			/^zod\/v4-mini$/,
		],
	},
	{
		name: "the trigger's node imports trigger, api, descriptions, domain and methods",
		files: new RegExp(`^${own}/AmpersendTrigger\\.node\\.ts$`),
		may: [new RegExp(`^${own}/(trigger|api|descriptions|domain|methods)/`), /^n8n-workflow$/],
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

	it.each([
		['trigger', pure],
		['api/lists', pureLists],
	])('every pure file of %s exists', (folder, names) => {
		for (const name of names.split('|')) {
			const file = new RegExp(`^${own}/${folder}/${name}\\.ts$`);
			expect(source.filter((path) => file.test(path))).not.toEqual([]);
		}
	});

	it('trigger imports only types from schemas', () => {
		const values = source
			.filter((file) => file.startsWith(`${own}/trigger/`))
			.flatMap((file) => [
				...readFileSync(join(root, file), 'utf8').matchAll(
					/^import (?!type )[^;]*from '\.\.\/schemas\/[^']*';$/gm,
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

	it('published code imports neither tests nor modules of Node.js', () => {
		const forbidden = source.flatMap((file) =>
			importsOf(file)
				.filter(
					(target) =>
						target.startsWith('test/') || builtinModules.includes(target.replace(/^node:/, '')),
				)
				.map((target) => `${file} imports ${target}`),
		);
		expect(forbidden).toEqual([]);
	});

	it('the emulator imports nothing from the source', () => {
		const emulator = filesBelow('test/emulator', '.mts');
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
