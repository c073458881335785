/**
 * Reads a stack trace of the package from its input, and prints it with the places in the source
 * of this folder, which has to be that of the same version.
 */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { text } from 'node:stream/consumers';

import { bundleCode } from '../build/code.mts';

const { maps } = await bundleCode();
const [toBundle, toSource] = maps.map((map) => new SourceMap(JSON.parse(map) as SourceMapPayload));

/** @param line and column from 0, as everywhere in a source map */
function sourceOf(line: number, column: number): string | undefined {
	const bundled = toBundle?.findEntry(line, column);
	if (!bundled || !('originalLine' in bundled)) return undefined;
	const entry = toSource?.findEntry(bundled.originalLine, bundled.originalColumn);
	if (!entry || !('originalLine' in entry)) return undefined;
	const path = entry.originalSource.replace(/^(\.\.\/)*/, '');
	return `${path}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

const trace = await text(process.stdin);
console.log(
	trace.replace(
		/[^\s(]*code\.js:(\d+):(\d+)/g,
		(place, line, column) => sourceOf(Number(line) - 1, Number(column) - 1) ?? place,
	),
);
