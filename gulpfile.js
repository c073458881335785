const { execFile } = require('node:child_process');
const { mkdir, readFile, readdir, rm, writeFile } = require('node:fs/promises');
const { dirname } = require('node:path');
const { promisify } = require('node:util');
const { build, transform } = require('esbuild');
const { dest, parallel, series, src } = require('gulp');

const run = promisify(execFile);

const entries = [
	'index.ts',
	'credentials/AmpersendAgentApi.credentials.ts',
	'credentials/AmpersendApi.credentials.ts',
	'nodes/Ampersend/Ampersend.node.ts',
	'nodes/Ampersend/AmpersendTrigger.node.ts',
];

async function clean() {
	await rm('dist', { recursive: true, force: true });
}

async function typeCheck() {
	try {
		await run(process.execPath, [require.resolve('typescript/bin/tsc')]);
	} catch (error) {
		throw new Error(`type-check:\n${error.stdout}`);
	}
}

/**
 * n8n allows no `globalThis` in a package, where one library looks for its random numbers. It gets
 * them from Node.js instead.
 */
const randomNumbers = {
	name: 'random numbers',
	setup({ onLoad }) {
		onLoad({ filter: /@noble[\\/]hashes[\\/]utils\.js$/ }, async ({ path }) => {
			const text = await readFile(path, 'utf8');
			const lookUp = "typeof globalThis === 'object' ? globalThis.crypto : null";
			if (!text.includes(lookUp)) throw new Error(`${path} looks for random numbers elsewhere`);
			const contents = text.replace(lookUp, 'webcrypto');
			return { contents: `import { webcrypto } from 'node:crypto';\n${contents}`, loader: 'js' };
		});
	},
};

/**
 * Everything that the entries use is bundled, because an n8n package has no dependencies. What they
 * share goes into one file: esbuild can only do that for ES modules, so they are turned into
 * CommonJS, which n8n loads, afterwards.
 */
async function bundle() {
	const { outputFiles, metafile } = await build({
		write: false,
		metafile: true,
		entryPoints: entries,
		outdir: 'dist',
		outbase: '.',
		bundle: true,
		splitting: true,
		chunkNames: 'shared/[hash]',
		platform: 'node',
		format: 'esm',
		target: 'node20',
		external: ['n8n-workflow'],
		plugins: [randomNumbers],
	});
	for (const { path, text } of outputFiles) {
		const { code } = await transform(text, {
			format: 'cjs',
			platform: 'node',
			target: 'node20',
			// Names stay as they are, for those who read a stack trace.
			minifyWhitespace: true,
			minifySyntax: true,
			lineLimit: 200,
		});
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, code);
	}
	await writeFile('dist/THIRD-PARTY-LICENSES', await licensesOf(Object.keys(metafile.inputs)));
}

/** The licenses of the packages that are bundled ask for their text to go with every copy. */
async function licensesOf(inputs) {
	const packages = new Set(
		inputs.flatMap((path) => path.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []),
	);
	const texts = [...packages].sort().map(async (folder) => {
		const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
		if (!file) throw new Error(`${folder} is bundled and has no license file`);
		const text = await readFile(`${folder}/${file}`, 'utf8');
		return `${folder.slice('node_modules/'.length)}\n\n${text}`;
	});
	return (await Promise.all(texts)).join('\n\n---\n\n');
}

function assets() {
	return src('nodes/**/*.{svg,json}', { encoding: false }).pipe(dest('dist/nodes'));
}

/** What the editor shows of a node's output before it has run. */
async function outputSchemas() {
	await run(process.execPath, [require.resolve('tsx/cli'), 'build/writeSchemas.mts']);
}

exports.build = series(clean, parallel(typeCheck, bundle, outputSchemas), assets);
/** The same without the type check, which takes the most time. */
exports.bundle = series(clean, parallel(bundle, outputSchemas), assets);
