import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, it } from '@jest/globals';

const root = resolve(__dirname, '../..');
const COLUMNS = 100;
const TAB = '  ';

function filesBelow(folder: string): string[] {
	return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path);
		return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
	});
}

// Prettier leaves long texts and comments as they are.
it('no line of code is longer than 100 columns', () => {
	const ofRoot = readdirSync(root).filter((name) => /\.[cm]?[jt]s$/.test(name));
	const folders = ['nodes', 'credentials', 'test', 'tools', 'bench'];
	const files = [...ofRoot, ...folders.flatMap(filesBelow)];
	expect(files.length).toBeGreaterThan(150);
	const long = files.flatMap((file) =>
		readFileSync(join(root, file), 'utf8')
			.split('\n')
			.flatMap((line, i) =>
				line.replaceAll('\t', TAB).length > COLUMNS ? [`${file}:${i + 1}`] : [],
			),
	);
	expect(long).toEqual([]);
});
