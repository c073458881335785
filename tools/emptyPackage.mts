import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

interface Manifest {
	n8n: { nodes: string[]; credentials: string[] };
}

/** A node of which n8n needs every field. */
const nodeFields = (name: string) => `description = {
	displayName: '${name}', name: '${name}', group: ['transform'], version: 1, description: '',
	defaults: { name: '${name}' }, inputs: [], outputs: [], properties: [],
};`;

const credentialFields = (name: string) =>
	`name = '${name}'; displayName = '${name}'; properties = [];`;

/**
 * Writes a package with the entries of another one, of which each is a class without content: what
 * n8n's loader needs for itself.
 */
export async function writeEmptyPackage(ofPackage: string, folder: string): Promise<void> {
	const manifest = await readFile(join(ofPackage, 'package.json'), 'utf8');
	const { n8n } = JSON.parse(manifest) as Manifest;
	const entries = [
		...n8n.nodes.map((path) => ({ path, fieldsOf: nodeFields })),
		...n8n.credentials.map((path) => ({ path, fieldsOf: credentialFields })),
	];
	for (const { path, fieldsOf } of entries) {
		const file = join(folder, path);
		const name = basename(path).replace(/\..*/, '');
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, `exports.${name} = class ${name} { ${fieldsOf(name)} };\n`);
	}
	await writeFile(join(folder, 'package.json'), manifest);
}
