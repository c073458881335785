import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';

/** Installs and packs once for all test files, which find the result in the environment. */
export default async function setup() {
	// There, users have installed the package.
	if (process.env.AMPERSEND_N8N_URL) return;
	const { installN8n, packPackage } = await tsImport(
		'../../tools/n8n/install.mts',
		import.meta.url,
	);
	const log = (line) => process.stderr.write(`${line}\n`);
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-e2e-'));
	process.env.AMPERSEND_E2E_FOLDER = folder;
	// The compatibility run names another n8n.
	process.env.AMPERSEND_E2E_RUNTIME ??= JSON.stringify(await installN8n(log));
	process.env.AMPERSEND_E2E_TARBALL = await packPackage(folder, log);
	if (process.env.AMPERSEND_E2E_MODE !== 'queue') return;
	const { QueueServers } = await tsImport('../../tools/n8n/queueServers.mts', import.meta.url);
	globalThis.queueServers = await QueueServers.start(log);
}
