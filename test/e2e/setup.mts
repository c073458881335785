import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installN8n, packPackage } from './install.mts';

/** Where the test files find what was made once for all of them. */
export default async function setup(): Promise<void> {
	const log = (line: string) => process.stderr.write(`${line}\n`);
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-e2e-'));
	process.env.AMPERSEND_E2E_FOLDER = folder;
	process.env.AMPERSEND_E2E_RUNTIME = JSON.stringify(await installN8n(log));
	process.env.AMPERSEND_E2E_TARBALL = await packPackage(folder, log);
}
