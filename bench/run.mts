import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Agent, setGlobalDispatcher } from 'undici';
import { n8nDir, installN8n, packPackage, rootDir, type Runtime } from '../tools/n8n/install.mts';
import { Exports } from './exports.mts';
import type { Setting } from './instance.mts';
import { measurePackage } from './package.mts';
import { measurePolls } from './polls.mts';
import { startService } from './processes.mts';
import { markdownTable, type Figure } from './report.mts';
import { measureScale } from './scale.mts';
import { readScaleOptions, SCALE_USAGE } from './scaleOptions.mts';

const USAGE = `npm run bench                           measures everything: about half an hour
npm run bench -- --rows 100000,1000000  sizes of the exports (100000,1000000)
npm run bench -- --runs 3               runs of each, of which the median counts (3)
npm run bench -- --only package,polls   parts: exports, package, polls
npm run bench -- --json FILE            where the results go (bench/results.json)
npm run bench -- --write                also writes the parts into docs/benchmark.md
${SCALE_USAGE}`;

const parts = ['exports', 'package', 'polls'] as const;
type Part = (typeof parts)[number];

interface Options {
	rows: number[];
	runs: number;
	only: Part[];
	json: string;
	write: boolean;
}

function whole(name: string, text: string): number {
	if (!/^[1-9]\d{0,7}$/.test(text))
		throw new Error(`--${name} takes whole numbers from 1, not "${text}".\n\n${USAGE}`);
	return Number(text);
}

function partOf(text: string): Part {
	const part = parts.find((one) => one === text);
	if (part === undefined)
		throw new Error(`--only takes ${parts.join(', ')}, not "${text}".\n\n${USAGE}`);
	return part;
}

function readOptions(): Options | undefined {
	const { values } = parseArgs({
		options: {
			rows: { type: 'string', default: '100000,1000000' },
			runs: { type: 'string', default: '3' },
			only: { type: 'string', default: parts.join(',') },
			json: { type: 'string', default: join(rootDir, 'bench', 'results.json') },
			write: { type: 'boolean', default: false },
			help: { type: 'boolean', short: 'h' },
		},
	});
	if (values.help) return undefined;
	const rows = values.rows.split(',').map((text) => whole('rows', text));
	return {
		rows: [...new Set(rows)].sort((one, other) => one - other),
		runs: whole('runs', values.runs),
		only: values.only.split(',').map(partOf),
		json: values.json,
		write: values.write,
	};
}

// n8n closes a connection that is idle for 5 s. A request on it at that moment would fail.
setGlobalDispatcher(new Agent({ keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000 }));

const started = Date.now();
function say(line: string): void {
	console.error(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
}

interface Results {
	/** Which machine and versions measured this, and how. */
	setting: string;
	figures: Partial<Record<Part, Figure[]>>;
	/** Each time in ms, and memory in bytes, that a median comes from. */
	samples: Record<string, number[]>;
	/** What couldn't be measured, and why. */
	failures: string[];
}

const run = promisify(execFile);

async function git(...args: string[]): Promise<string> {
	return (await run('git', args, { cwd: rootDir })).stdout.trim();
}

/** @throws Error if what is measured isn't in a commit */
async function commitOf(): Promise<string> {
	const shipped = ['nodes', 'credentials', 'build', 'index.ts', 'package.json'];
	const changes = await git('status', '--porcelain', '--', ...shipped);
	if (changes !== '') throw new Error(`--write is for a commit. First commit:\n${changes}`);
	return await git('rev-parse', '--short', 'HEAD');
}

/** The machine, the versions and the command. */
async function describe({ node }: Runtime): Promise<string> {
	const manifest = await readFile(join(n8nDir, 'node_modules', 'n8n', 'package.json'), 'utf8');
	const { version } = JSON.parse(manifest) as { version: string };
	const { stdout } = await run(node, ['--version'], { timeout: 10_000 });
	const [model = 'unknown'] = cpus().map((core) => core.model.trim());
	const args = process.argv.slice(2);
	return (
		`\`${['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')}\`, ` +
		`${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB of memory, ` +
		`${process.platform}, Node.js ${stdout.trim()}, n8n ${version}`
	);
}

async function measureAll(options: Options, setting: Setting): Promise<Results> {
	const exports = new Exports(setting, options.runs, options.rows);
	const { failures, samples } = exports;
	const measures: Record<Part, () => Promise<Figure[]>> = {
		exports: async () => await exports.run(),
		package: async () => await measurePackage(setting),
		polls: async () => await measurePolls(setting),
	};
	const figures: Results['figures'] = {};
	for (const part of parts.filter((one) => options.only.includes(one))) {
		say(`Measure ${part} …`);
		try {
			figures[part] = await measures[part]();
		} catch (error) {
			// The other parts are still worth knowing.
			failures.push(`${part}: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return { setting: await describe(setting.runtime), figures, samples, failures };
}

/** Replaces the parts that were measured, each between its two comments. */
async function writePage({ setting, figures }: Results, commit: string): Promise<void> {
	const file = join(rootDir, 'docs', 'benchmark.md');
	let page = await readFile(file, 'utf8');
	for (const [part, found] of Object.entries(figures)) {
		const [begin, end] = [`<!-- ${part} -->\n`, `<!-- end of ${part} -->\n`];
		const [before, rest] = page.split(begin);
		const [, after] = rest?.split(end) ?? [];
		if (before === undefined || after === undefined) throw new Error(`${file} has no ${begin}`);
		const text = `${markdownTable(found)}\n\nCommit ${commit}: ${setting}.\n`;
		page = before + begin + text + end + after;
	}
	await writeFile(file, page);
}

/** Measures the parts, and writes the page if that is asked for. */
async function report(options: Options, setting: Setting, commit?: string): Promise<void> {
	const results = await measureAll(options, setting);
	await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
	const figures = Object.values(results.figures).flat();
	console.log(`\n${markdownTable(figures)}\n\n${results.setting}\n`);
	if (commit !== undefined) await writePage(results, commit);
	for (const failure of results.failures) console.error(`Not measured: ${failure}`);
	if (results.failures.length > 0) process.exitCode = 1;
}

/** Gives the packed nodes, n8n and a service to what measures. */
async function withSetting(work: (setting: Setting) => Promise<void>): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-bench-'));
	try {
		const runtime = await installN8n(say);
		const tarball = await packPackage(folder, say);
		const service = await startService(runtime);
		try {
			await work({ runtime, tarball, folder, service, log: say });
		} finally {
			await service.stop();
		}
	} finally {
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

async function main(): Promise<void> {
	const args = process.argv.slice(2);
	if (args.includes('--scale')) {
		const scale = readScaleOptions(args);
		await withSetting(async (setting) => {
			const table = await measureScale(setting, scale);
			console.log(`\n${table}\n\n${await describe(setting.runtime)}\n`);
		});
		return;
	}
	const options = readOptions();
	if (options === undefined) {
		console.log(USAGE);
		return;
	}
	const commit = options.write ? await commitOf() : undefined;
	await withSetting(async (setting) => await report(options, setting, commit));
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	// A step that exceeded its limit can still run; n8n ends with this process.
	process.exit(1);
});
