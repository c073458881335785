const { execFile } = require('node:child_process');
const { readFile, readdir, rm, writeFile } = require('node:fs/promises');
const { promisify } = require('node:util');
const { build } = require('esbuild');
const { dest, parallel, series, src } = require('gulp');

const run = promisify(execFile);

const entries = [
	'index.ts',
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
 * Each entry is one file with all that it uses inside, because an n8n package has no dependencies.
 */
async function bundle() {
	const { metafile } = await build({
		metafile: true,
		entryPoints: entries,
		outdir: 'dist',
		outbase: '.',
		bundle: true,
		platform: 'node',
		format: 'cjs',
		target: 'node20',
		external: ['n8n-workflow'],
		// Smaller, and still readable: names and lines stay.
		minifySyntax: true,
		// The entry that re-exports the others loads them, rather than carrying a second copy.
		plugins: [{ name: 'keep-entries-apart', setup: keepEntriesApart }],
	});
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

function keepEntriesApart({ onResolve }) {
	onResolve({ filter: /\.(node|credentials)$/ }, ({ path, kind }) =>
		kind === 'import-statement' ? { path: `${path}.js`, external: true } : undefined,
	);
}

function assets() {
	return src('nodes/**/*.{svg,json}', { encoding: false }).pipe(dest('dist/nodes'));
}

exports.build = series(clean, parallel(typeCheck, bundle), assets);
