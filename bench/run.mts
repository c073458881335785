import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Agent, setGlobalDispatcher } from 'undici';
import { n8nDir, installN8n, packPackage, rootDir } from '../tools/n8n/install.mts';
import { Exports } from './exports.mts';
import type { Setting } from './instance.mts';
import { measurePackage, measurePolls } from './package.mts';
import { startService } from './processes.mts';
import { inOrder, markdownTable, type Figure } from './report.mts';

const USAGE = `npm run bench                           measures everything: about half an hour
npm run bench -- --rows 10000,100000    sizes of the exports (10000,100000,1000000)
npm run bench -- --runs 3               runs of each export, of which the median counts (3)
npm run bench -- --only package,polls   parts: exports, package, polls
npm run bench -- --json FILE            where the results go (bench/results.json)`;

const parts = ['exports', 'package', 'polls'] as const;
type Part = (typeof parts)[number];

interface Options {
	rows: number[];
	runs: number;
	only: Part[];
	json: string;
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
			rows: { type: 'string', default: '10000,100000,1000000' },
			runs: { type: 'string', default: '3' },
			only: { type: 'string', default: parts.join(',') },
			json: { type: 'string', default: join(rootDir, 'bench', 'results.json') },
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
	figures: Figure[];
	/** Each time that an export's median comes from, in ms. */
	samples: Record<string, number[]>;
	/** The same for its memory, in bytes. */
	memory: Record<string, number[]>;
	/** What couldn't be measured, and why. */
	failures: string[];
}

/** The machine, the versions and the command. */
async function describe({ runtime }: Setting): Promise<string> {
	const manifest = await readFile(join(n8nDir, 'node_modules', 'n8n', 'package.json'), 'utf8');
	const { version } = JSON.parse(manifest) as { version: string };
	const node = await promisify(execFile)(runtime.node, ['--version'], { timeout: 10_000 });
	const [model = 'unknown'] = cpus().map((core) => core.model.trim());
	const args = process.argv.slice(2);
	return (
		`${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB of memory, ` +
		`${process.platform}, Node.js ${node.stdout.trim()}, n8n ${version}. ` +
		`Command: \`${['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')}\``
	);
}

async function measureAll(options: Options, setting: Setting): Promise<Results> {
	const exports = new Exports(setting, options.runs, options.rows);
	const { failures, samples, memory } = exports;
	const measures: Record<Part, () => Promise<Figure[]>> = {
		exports: async () => await exports.run(),
		package: async () => await measurePackage(setting),
		polls: async () => await measurePolls(setting),
	};
	const figures: Figure[] = [];
	for (const part of parts.filter((one) => options.only.includes(one))) {
		say(`Measure ${part} …`);
		try {
			figures.push(...(await measures[part]()));
		} catch (error) {
			// The other parts are still worth knowing.
			failures.push(`${part}: ${error instanceof Error ? error.message : String(error)}`);
		}
	}
	return { setting: await describe(setting), figures: inOrder(figures), samples, memory, failures };
}

async function main(): Promise<void> {
	const options = readOptions();
	if (options === undefined) {
		console.log(USAGE);
		return;
	}
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-bench-'));
	try {
		const runtime = await installN8n(say);
		const tarball = await packPackage(folder, say);
		const service = await startService(runtime);
		try {
			const setting = { runtime, tarball, folder, service, log: say };
			const results = await measureAll(options, setting);
			await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
			console.log(`\n${markdownTable(results.figures)}\n\n${results.setting}\n`);
			for (const failure of results.failures) console.error(`Not measured: ${failure}`);
			if (results.failures.length > 0) process.exitCode = 1;
		} finally {
			await service.stop();
		}
	} finally {
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	}
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	// A step that exceeded its limit can still run; n8n ends with this process.
	process.exit(1);
});
