import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { outputSchemas } from './outputSchemas.mts';

for (const [path, schema] of outputSchemas()) {
	const file = join('dist/nodes/Ampersend', path);
	await mkdir(dirname(file), { recursive: true });
	await writeFile(file, JSON.stringify(schema));
}
