import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootDir, runStep, type Log } from '../n8n/install.mts';

/** Apart from the tools, as n8n is. */
export const sellersDir = join(rootDir, 'tools', 'sellers', 'app');

const stampFile = join(sellersDir, 'node_modules', '.sellers-ready');

/** Installs the sellers into `tools/sellers/app/node_modules`, unless they are installed. */
export async function installSellers(log: Log): Promise<void> {
	const lock = await readFile(join(sellersDir, 'package-lock.json'));
	const stamp = createHash('sha256').update(lock).digest('hex');
	if (existsSync(stampFile) && (await readFile(stampFile, 'utf8')) === stamp) return;
	await runStep(
		{
			title: 'Install the sellers',
			seconds: 300,
			command: 'npm',
			args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
			cwd: sellersDir,
			advice: 'It needs the npm registry and 200 MB of disk. Run it again when those are there.',
		},
		log,
	);
	await writeFile(stampFile, stamp);
}
