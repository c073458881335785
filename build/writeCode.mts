import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';

import { bundleCode } from './code.mts';
import { entryText } from './entries.mts';

const CODE = 'dist/code.js';

const { n8n, main } = JSON.parse(await readFile('package.json', 'utf8')) as {
	main: string;
	n8n: { nodes: string[]; credentials: string[] };
};
const entries = [...n8n.nodes, ...n8n.credentials];

/** The path of a file as another one requires it. */
function pathFrom(file: string, other: string): string {
	const path = posix.relative(posix.dirname(file), other);
	return path.startsWith('.') ? path : `./${path}`;
}

type Class = new () => object;

/** The class of an entry, from its source. */
async function classOf(entry: string): Promise<Class> {
	const source = entry.replace(/^dist(.*)\.js$/, '..$1.ts');
	const name = posix.basename(entry).replace(/\..*/, '');
	const { [name]: RealClass } = (await import(source)) as Record<string, Class>;
	if (!RealClass) throw new Error(`${source} doesn't export ${name}`);
	return RealClass;
}

/** The licenses of the packages that are bundled ask for their text to go with every copy. */
async function licensesOf(inputs: string[]): Promise<string> {
	const packages = new Set(
		inputs.flatMap((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []),
	);
	const texts = [...packages].sort().map(async (folder) => {
		const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
		if (!file) throw new Error(`${folder} is bundled and has no license file`);
		const text = await readFile(join(folder, file), 'utf8');
		return `${folder.slice('node_modules/'.length)}\n\n${text}`;
	});
	return (await Promise.all(texts)).join('\n\n---\n\n');
}

const required = (entry: string) => `require('${pathFrom(main, entry)}')`;
const { text, inputs } = await bundleCode();
const files = new Map([
	[CODE, text],
	['dist/THIRD-PARTY-LICENSES', await licensesOf(inputs)],
	[main, `Object.assign(exports, ${entries.map(required).join(', ')});\n`],
]);
for (const entry of entries) {
	files.set(entry, entryText(await classOf(entry), pathFrom(entry, CODE)));
}
for (const [path, contents] of files) {
	await mkdir(dirname(path), { recursive: true });
	await writeFile(path, contents);
}
