import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { examplesPage } from './examplesPage.mts';
import { pages } from './pages.mts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'docs', 'resources');

async function write(): Promise<void> {
	const all = pages(root);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	for (const [name, text] of all) await writeFile(join(folder, name), text);
	console.log(`docs/resources: ${all.size} pages`);
	await writeFile(join(root, 'docs', 'examples.md'), examplesPage(root));
	console.log('docs/examples.md');
}

await write();
