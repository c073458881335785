import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Its nodes have the names of the classes in anchorNodes.mts. */
export const ANCHORS = 'n8n-nodes-bench';

/** Installs the nodes as a community package of an n8n that isn't running. */
export async function installAnchors(userFolder: string): Promise<void> {
	const folder = join(userFolder, '.n8n', 'nodes', 'node_modules', ANCHORS);
	const nodes = ['Minimal.node', 'Ballast.node'];
	const source = join(import.meta.dirname, 'anchorNodes.mts');
	await mkdir(folder, { recursive: true });
	await build({
		// n8n wants a file for each, with the class of that name.
		entryPoints: Object.fromEntries(nodes.map((name) => [name, source])),
		outdir: folder,
		bundle: true,
		platform: 'node',
		format: 'cjs',
	});
	const manifest = {
		name: ANCHORS,
		version: '1.0.0',
		n8n: { n8nNodesApiVersion: 1, nodes: nodes.map((name) => `${name}.js`), credentials: [] },
	};
	await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
}
