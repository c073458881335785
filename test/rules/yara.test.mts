import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

const root = resolve(__dirname, '../..');
let folder: string;

/** The engine is only for ES modules. */
async function scan(): Promise<unknown> {
	const script = `import { scanWithYara } from '${join(root, 'tools', 'yara.mts')}';
		console.log(JSON.stringify(await scanWithYara('${folder}/package', '${folder}/rules')));`;
	const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
	const file = join(folder, 'scan.mts');
	await writeFile(file, script);
	const { stdout } = await promisify(execFile)(process.execPath, [tsx, file]);
	return JSON.parse(stdout);
}

const rule = (name: string, meta: string, condition = '$text') => `rule ${name} {
	meta:
		description = "A text"
		${meta}
	strings:
		$text = "harm"
	condition:
		${condition}
}`;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'ampersend-yara-'));
	await mkdir(join(folder, 'package', 'dist'), { recursive: true });
	await mkdir(join(folder, 'rules'));
	await writeFile(join(folder, 'package', 'package.json'), 'harm');
	await writeFile(join(folder, 'package', 'dist', 'index.js'), 'harm');
	await writeFile(join(folder, 'package', 'dist', 'other.js'), 'nothing');
	const included = rule('threat_code', 'path_include = "*.js,*.ts"', '$text and has_text');
	const rules = {
		'shared.meta': 'private rule has_text { condition: filesize > 0 }',
		'threat-code.yar': `include "shared.meta"\n${included}`,
		'threat-scripts.yar': rule('threat_scripts', 'path_include = "*/package.json"'),
		'threat-other.yar': rule('threat_other', 'path_exclude = "*.js,*.json"'),
		'capability-code.yar': rule('capability_code', ''),
	};
	for (const [file, text] of Object.entries(rules))
		await writeFile(join(folder, 'rules', file), text);
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

it('names each file that meets a rule on threats, where the rule applies', async () => {
	const found = (await scan()) as string[];
	expect(found.toSorted()).toEqual([
		'package/dist/index.js: threat_code',
		'package/package.json: threat_scripts',
	]);
});
