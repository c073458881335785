import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runJest } from '../jest.mts';
import { Overrun, within } from '../runWithin.mts';
import { installN8n, packPackage, rootDir } from '../n8n/install.mts';
import { findServers, QueueServers } from '../n8n/queueServers.mts';
import { runKills, type KillOptions } from './kills.mts';
import { broken, describeReport, markdownTable, type KillReport, type Target } from './report.mts';

const USAGE = `npm run proof                      tests what users are promised: about two hours
npm run proof -- --sqlite          leaves out queue mode, which needs Postgres and Redis
npm run proof -- --postgres        only queue mode: kills of a main, and of a worker
npm run proof -- --only "durable main"
                                   only the runs whose words contain this: durable, default or
                                   repeat, then what is killed: all, main or worker
npm run proof -- --payments 500    payments in each setting (500)
npm run proof -- --kills 20        how often n8n is killed in each (20)
npm run proof -- --seed 1          plays the same payments and kill moments again
npm run proof -- --skip-random     leaves out the random histories, services and answers`;

/** How many emissions are measured for the time between cursor and execution. */
const MEASURED = 30;
/** A kill of the main is aimed by that time; one of a worker isn't. */
const measuredIn = ({ target }: Run) => ({ all: MEASURED, main: 10, worker: 0 })[target];
/** Limits in seconds. */
const RANDOM_LIMIT = 1800;
const KILLS_LIMIT = 2400;

type Run = Pick<KillOptions, 'setting' | 'inSession' | 'aim'> & { target: Target };

/** The settings, a session, and what n8n's Remove Duplicates itself does if it's cut off. */
const SQLITE: Run[] = [
	{ setting: 'durable', target: 'all' },
	{ setting: 'durable', target: 'all', inSession: true },
	{ setting: 'default', target: 'all' },
	{ setting: 'repeat', target: 'all' },
	{ setting: 'repeat', target: 'all', aim: 'noted' },
];

/** In queue mode, the settings with what a kill of each kind of process costs. */
const POSTGRES: Run[] = (['main', 'worker'] as const).flatMap((target) =>
	(['durable', 'default', 'repeat'] as const).map((setting) => ({ setting, target })),
);

interface Options {
	sqlite: Run[];
	postgres: Run[];
	payments: number;
	kills: number;
	seed: number | undefined;
	skipRandom: boolean;
}

function whole(name: string, text: string, least: number): number {
	if (!/^\d+$/.test(text) || Number(text) < least)
		throw new Error(
			`--${name} takes a whole number of at least ${least}, not "${text}".\n\n${USAGE}`,
		);
	return Number(text);
}

function readOptions(): Options | undefined {
	const { values } = parseArgs({
		options: {
			payments: { type: 'string', default: '500' },
			kills: { type: 'string', default: '20' },
			seed: { type: 'string' },
			sqlite: { type: 'boolean', default: false },
			postgres: { type: 'boolean', default: false },
			only: { type: 'string', default: '' },
			'skip-random': { type: 'boolean', default: false },
			help: { type: 'boolean', short: 'h' },
		},
	});
	if (values.help) return undefined;
	const kills = whole('kills', values.kills, 1);
	const chosen = (runs: Run[]) =>
		runs.filter(({ setting, target }) => `${setting} ${target}`.includes(values.only));
	const sqlite = values.postgres ? [] : chosen(SQLITE);
	const postgres = values.sqlite ? [] : chosen(POSTGRES);
	if (sqlite.length + postgres.length === 0) throw new Error(`Nothing to run.\n\n${USAGE}`);
	return {
		sqlite,
		postgres,
		payments: whole('payments', values.payments, MEASURED + kills),
		kills,
		seed: values.seed === undefined ? undefined : whole('seed', values.seed, 0),
		skipRandom: values['skip-random'] || values.postgres || values.only !== '',
	};
}

const started = Date.now();
function say(line: string): void {
	console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
}

/** Random tests of `npm test`, with many more cases. */
const RANDOM = [
	{
		step: '10 000 random histories of the cursor',
		tests: [
			'test/unit/cursor.model.test.mts',
			'test/unit/cursor.mutants.test.mts',
			'test/unit/levels.model.test.mts',
		],
		env: { AMPERSEND_HISTORIES: '10000' },
		broken: 'a history broke a promise of the cursor',
	},
	{
		step: '1 000 random services, and 10 000 changed answers of each route',
		tests: ['test/nodes/randomDeviations.test.mts', 'test/nodes/answers.test.mts'],
		env: { AMPERSEND_CONTRACTS: '1000', AMPERSEND_ANSWERS: '10000' },
		broken: 'an answer of another service was read wrongly',
	},
] as const;

/** @returns the promise that was broken, if one was */
async function playRandom({ step, tests, env, broken: promise }: (typeof RANDOM)[number]) {
	// Jest runs the others without a word.
	for (const file of tests) await access(join(rootDir, file));
	try {
		const code = await runJest({
			step,
			seconds: RANDOM_LIMIT,
			args: [...tests],
			env: { ...process.env, ...env },
		});
		return code === 0 ? undefined : promise;
	} catch (error) {
		// The rest is still worth knowing.
		if (error instanceof Overrun) return error.message;
		throw error;
	}
}

/** @throws Error that says what queue mode lacks, before an hour is spent on the rest */
function checkServers({ postgres }: Options): void {
	if (postgres.length === 0) return;
	try {
		findServers();
	} catch (error) {
		throw new Error(
			`${(error as Error).message} "npm run proof -- --sqlite" leaves queue mode out.`,
			{ cause: error },
		);
	}
}

async function killN8n({ sqlite, postgres, payments, kills, seed }: Options) {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-proof-'));
	try {
		const runtime = await installN8n(say);
		const tarball = await packPackage(folder, say);
		const reports: KillReport[] = [];
		const play = async (run: Run) => {
			const options = {
				runtime,
				tarball,
				...run,
				payments,
				kills,
				measured: measuredIn(run),
				log: say,
			};
			const name = `${kills} kills, ${JSON.stringify(run)}`;
			const report = await within(
				name,
				KILLS_LIMIT,
				async () => await runKills(seed === undefined ? options : { ...options, seed }),
			);
			describeReport(report).forEach(say);
			reports.push(report);
		};
		for (const run of sqlite) await play(run);
		if (postgres.length === 0) return reports;
		// From here on, each n8n is in queue mode.
		const servers = await QueueServers.start(say);
		try {
			for (const run of postgres) await play(run);
		} finally {
			await servers.stop();
		}
		return reports;
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function main(): Promise<void> {
	const options = readOptions();
	if (options === undefined) {
		console.log(USAGE);
		return;
	}
	checkServers(options);
	const promises: string[] = [];
	for (const random of options.skipRandom ? [] : RANDOM) {
		say(`Play ${random.step} …`);
		const promise = await playRandom(random);
		if (promise === undefined) continue;
		// At once, because the kills may not reach their end.
		say(`Broken: ${promise}`);
		promises.push(promise);
	}
	const reports = await killN8n(options);
	promises.push(...reports.flatMap(broken));
	console.log(`\n${markdownTable(reports)}\n`);
	for (const promise of promises) console.error(`Broken: ${promise}`);
	if (promises.length > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : error);
	// A step that exceeded its limit can still run; n8n ends with this process.
	process.exit(1);
});
