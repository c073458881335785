import { minify } from '@swc/core';
import { build } from 'esbuild';

import { leaveOutDescriptions } from './leaveOut.mts';
import { patchFiles } from './patches.mts';

export interface Code {
	text: string;
	/** Source maps, to what was bundled and from there to the source. The package hasn't got them. */
	maps: [string, string];
	/** The files that it's made of, from here. */
	inputs: string[];
}

/**
 * All that runs, as one file. Everything is bundled, because an n8n package has no dependencies.
 * SWC makes names short, in less space than esbuild does.
 */
export async function bundleCode(): Promise<Code> {
	const { outputFiles, metafile } = await build({
		write: false,
		metafile: true,
		sourcemap: 'external',
		outdir: 'dist',
		entryPoints: ['index.ts'],
		bundle: true,
		platform: 'node',
		format: 'cjs',
		target: 'node20',
		external: ['n8n-workflow'],
		legalComments: 'none',
		minifySyntax: true,
		plugins: [patchFiles, leaveOutDescriptions],
	});
	const [bundledMap, bundled] = outputFiles;
	if (!bundledMap || !bundled) throw new Error('esbuild has bundled nothing');
	const { code, map = '' } = await minify(bundled.text, {
		ecma: 2022,
		module: false,
		compress: { passes: 4, toplevel: true },
		mangle: { toplevel: true },
		format: { asciiOnly: true },
		sourceMap: true,
	});
	return { text: code, maps: [map, bundledMap.text], inputs: Object.keys(metafile.inputs) };
}
