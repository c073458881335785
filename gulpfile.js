const { execFile } = require('node:child_process');
const { rm } = require('node:fs/promises');
const { promisify } = require('node:util');
const { dest, parallel, series, src } = require('gulp');

const run = promisify(execFile);

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

/** Runs a file of build/, which writes into dist/. */
async function write(file) {
	await run(process.execPath, [require.resolve('tsx/cli'), file]);
}

async function bundle() {
	await write('build/writeCode.mts');
}

function assets() {
	return src('nodes/**/*.{svg,json}', { encoding: false }).pipe(dest('dist/nodes'));
}

/** What the editor shows of a node's output before it has run. */
async function outputSchemas() {
	await write('build/writeSchemas.mts');
}

exports.build = series(clean, parallel(typeCheck, bundle, outputSchemas), assets);
/** The same without the type check, which takes the most time. */
exports.bundle = series(clean, parallel(bundle, outputSchemas), assets);
