import { readFile } from 'node:fs/promises';

import type { Plugin } from 'esbuild';

interface Patch {
	/** The end of the file's path, with slashes. */
	file: string;
	from: string;
	to: string;
	/** Goes before the rest of the file, in its first line. */
	imports?: string;
}

/** n8n allows no `globalThis` in a package: random numbers come from Node.js instead. */
const webcrypto = "import { webcrypto } from 'node:crypto';";

const patches: Patch[] = [
	{
		file: '@noble/hashes/utils.js',
		from: "typeof globalThis === 'object' ? globalThis.crypto : null",
		to: 'webcrypto',
		imports: webcrypto,
	},
	{
		file: '@noble/secp256k1/index.js',
		from: 'globalThis?.crypto',
		to: 'webcrypto',
		imports: webcrypto,
	},
	// By way of the index, all helpers are bundled, and not only those that are used.
	{
		file: 'zod/v4/mini/schemas.js',
		from: 'import { util } from "../core/index.js"',
		to: 'import * as util from "../core/util.js"',
	},
	// n8n allows no code from strings. zod is as fast without it: 6 µs for a payment.
	{ file: 'zod/v4/core/util.js', from: 'const F = Function;', to: 'return false;' },
	{
		file: 'zod/v4/core/schemas.js',
		from: 'const fastEnabled = jit && allowsEval.value;',
		to: 'const fastEnabled = false;',
	},
];

function patched(path: string, text: string, { from, to, imports = '' }: Patch): string {
	if (!text.includes(from)) throw new Error(`${path} doesn't contain: ${from}`);
	return `${imports}${text.replaceAll(from, to)}`;
}

const endOf = (file: string) => new RegExp(`[\\\\/]${file.replaceAll('/', '[\\\\/]')}$`);

/** Changes what can't be bundled as it is, or would be bundled for nothing. */
export const patchFiles: Plugin = {
	name: 'patches',
	setup({ onLoad }) {
		for (const patch of patches) {
			onLoad({ filter: endOf(patch.file) }, async ({ path }) => ({
				contents: patched(path, await readFile(path, 'utf8'), patch),
				loader: 'js',
			}));
		}
	},
};
