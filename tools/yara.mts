import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import init, { Compiler } from '@virustotal/yara-x';

/** What the engine says of a rule that a file meets. Its own types have `any`. */
interface Match {
	identifier: string;
	metadata: Array<{ identifier: string; value: unknown }>;
}

/** The others, such as `capability_network_outbound`, say what code can do: n8n ignores them. */
const THREAT = /^threat_/;

async function startEngine(): Promise<void> {
	const engine = dirname(createRequire(import.meta.url).resolve('@virustotal/yara-x'));
	// By default it requests the file from a web server.
	await init({ module_or_path: await readFile(join(engine, 'yara_x_js_bg.wasm')) });
}

/** A rule's `include` is another file of its folder. */
async function readRule(folder: string, file: string): Promise<string> {
	const lines = (await readFile(join(folder, file), 'utf8')).split('\n');
	const included = lines.map(async (line) => {
		const [, other] = /^include\s+"([^"]+)"/.exec(line) ?? [];
		return other === undefined ? line : await readFile(join(folder, other), 'utf8');
	});
	return (await Promise.all(included)).join('\n');
}

/** @param globs with commas between them: one has to fit the path or its last part */
function isOneOf(globs: string, path: string): boolean {
	return globs.split(',').some((glob) => {
		const literal = glob.trim().replace(/[.+?^${}()|[\]\\]/g, '\\$&');
		const pattern = new RegExp(`^${literal.replaceAll('*', '.*')}$`);
		return pattern.test(path) || pattern.test(basename(path));
	});
}

function concerns({ metadata }: Match, path: string): boolean {
	const { path_include: only = '*', path_exclude: never = '' } = Object.fromEntries(
		metadata.map(({ identifier, value }) => [identifier, String(value)]),
	);
	return isOneOf(only, path) && !isOneOf(never, path);
}

/**
 * Scans the files of a packed package as the scanner in n8n's main branch does: only rules named
 * `threat_*` count.
 * @param rulesFolder files *.yar
 * @returns a line for each rule that a file meets
 */
export async function scanWithYara(folder: string, rulesFolder: string): Promise<string[]> {
	await startEngine();
	const compiler = new Compiler();
	const files = (await readdir(rulesFolder)).filter((file) => file.endsWith('.yar'));
	if (files.length === 0) throw new Error(`${rulesFolder} has no *.yar.`);
	for (const file of files) compiler.addSource(await readRule(rulesFolder, file));
	const rules = compiler.build();

	const found: string[] = [];
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const file = join(entry.parentPath, entry.name);
		const { matches } = rules.scan(await readFile(file)) as { matches: Match[] };
		const path = `package${file.slice(folder.length)}`;
		for (const match of matches) {
			if (THREAT.test(match.identifier) && concerns(match, path))
				found.push(`${path}: ${match.identifier}`);
		}
	}
	return found;
}
