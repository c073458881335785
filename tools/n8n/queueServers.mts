import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { HOST, USER, VARIABLE, withClient, type Address } from './cluster.mts';
import { rootDir, runStep, type Log } from './install.mts';
import { freePorts } from './ports.mts';
import { waitFor } from './wait.mts';

const START_MS = 60_000;
const STOP_MS = 15_000;

interface Account {
	name: string;
	uid: number;
	gid: number;
}

/** Postgres doesn't run as root. */
function accountForPostgres(): Account | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
	const accounts = lines.map((line) => line.split(':'));
	for (const wanted of ['postgres', 'nobody']) {
		const found = accounts.find(([name]) => name === wanted);
		if (found) return { name: wanted, uid: Number(found[2]), gid: Number(found[3]) };
	}
	throw new Error('Postgres needs a user other than root, and there is no postgres or nobody.');
}

function isExecutable(file: string): boolean {
	try {
		accessSync(file, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** Debian keeps Postgres's programs there, off the PATH. */
function postgresFolders(): string[] {
	const root = '/usr/lib/postgresql';
	try {
		const versions = readdirSync(root).sort((one, other) => Number(other) - Number(one));
		return versions.map((version) => join(root, version, 'bin'));
	} catch {
		return [];
	}
}

/** @throws Error that says what is missing, and how to install it */
export function findServers(): Record<'initdb' | 'postgres' | 'redis', string> {
	const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
	const find = (name: string, folders: string[]) =>
		folders.map((folder) => join(folder, name)).find(isExecutable);
	const folders = [...postgresFolders(), ...path];
	const found = {
		initdb: find('initdb', folders),
		postgres: find('postgres', folders),
		redis: find('redis-server', [...path, '/usr/bin']),
	};
	const { initdb, postgres, redis } = found;
	if (initdb !== undefined && postgres !== undefined && redis !== undefined)
		return { initdb, postgres, redis };
	const missing = [
		...(initdb === undefined || postgres === undefined ? ['Postgres'] : []),
		...(redis === undefined ? ['redis-server'] : []),
	];
	throw new Error(
		`Queue mode needs ${missing.join(' and ')}, and this machine doesn't have it. Debian: ` +
			'apt-get install --no-install-recommends postgresql redis-server. No service has to run.',
	);
}

/** A server of this run. It ends with this process, however that ends. */
class Server {
	private output = '';

	private constructor(
		private readonly name: string,
		private readonly child: ChildProcess,
	) {
		for (const stream of [child.stdout, child.stderr]) {
			stream?.setEncoding('utf8').on('data', (text: string) => {
				this.output = (this.output + text).slice(-5000);
			});
		}
	}

	static start(name: string, folder: string, command: string[]): Server {
		const child = spawn(
			process.execPath,
			[join(rootDir, 'tools', 'n8n', 'server.cjs'), folder, ...command],
			// Detached, as a group that is killed whole would leave the server behind.
			{ stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true },
		);
		return new Server(name, child);
	}

	async waitUntilUp(isUp: () => Promise<boolean>): Promise<void> {
		await waitFor(
			`${this.name} to start`,
			async () => {
				if (this.exited) throw new Error(`${this.name} ended while it started:\n${this.output}`);
				return (await isUp()) || undefined;
			},
			START_MS,
		);
	}

	async stop(): Promise<void> {
		if (this.exited) return;
		const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
		this.child.stdio[3]?.destroy();
		const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
		await gone;
		clearTimeout(timer);
	}

	private get exited(): boolean {
		return this.child.exitCode !== null || this.child.signalCode !== null;
	}
}

async function answersPing(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const socket = connect(port, HOST, () => socket.write('PING\r\n'));
		const end = (answer: boolean) => {
			socket.destroy();
			resolve(answer);
		};
		socket.setTimeout(2_000, () => end(false));
		socket.on('error', () => end(false));
		socket.on('data', (data) => end(data.toString().startsWith('+PONG')));
	});
}

async function answersQuery(address: Address): Promise<boolean> {
	try {
		await withClient(address, 'postgres', (client) => client.query('SELECT 1'));
		return true;
	} catch {
		return false;
	}
}

/** Postgres and Redis with data folders of their own, for the processes that this one starts. */
export class QueueServers {
	private constructor(private readonly servers: Server[]) {}

	static async start(log: Log): Promise<QueueServers> {
		const binaries = findServers();
		const [postgresPort = 0, redisPort = 0] = await freePorts(2);
		const address = { postgresPort, redisPort, password: randomBytes(12).toString('hex') };
		const account = accountForPostgres();
		const folders = await Promise.all([ownFolder(account), ownFolder(account)]);
		const [postgresFolder, redisFolder] = folders;
		const as = account
			? ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
			: [];
		const servers: Server[] = [];
		try {
			const data = await initialize(
				postgresFolder,
				[...as, binaries.initdb],
				address.password,
				log,
			);
			const postgres = Server.start('Postgres', postgresFolder, [
				...[...as, binaries.postgres, '-D', data, '-p', String(postgresPort)],
				...settings({
					listen_addresses: HOST,
					unix_socket_directories: '',
					max_connections: '300',
					// The data needn't outlive the machine.
					fsync: 'off',
					full_page_writes: 'off',
				}),
			]);
			servers.push(postgres);
			const redis = Server.start('Redis', redisFolder, [
				...[...as, binaries.redis, '--port', String(redisPort), '--bind', HOST],
				...['--dir', redisFolder, '--save', '', '--appendonly', 'no'],
			]);
			servers.push(redis);
			await postgres.waitUntilUp(() => answersQuery(address));
			await redis.waitUntilUp(() => answersPing(redisPort));
		} catch (error) {
			await Promise.all(servers.map((server) => server.stop()));
			for (const folder of folders) await rm(folder, { recursive: true, force: true });
			throw error;
		}
		process.env[VARIABLE] = JSON.stringify(address);
		return new QueueServers(servers);
	}

	async stop(): Promise<void> {
		delete process.env[VARIABLE];
		await Promise.all(this.servers.map((server) => server.stop()));
	}
}

async function ownFolder(account: Account | undefined): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'ampersend-queue-'));
	if (account) await chown(folder, account.uid, account.gid);
	return folder;
}

/** @returns Postgres's data folder */
async function initialize(
	folder: string,
	[command = '', ...args]: string[],
	password: string,
	log: Log,
): Promise<string> {
	const data = join(folder, 'data');
	const passwordFile = join(folder, 'password');
	await writeFile(passwordFile, password, { mode: 0o644 });
	await runStep(
		{
			title: 'Make a database for queue mode',
			seconds: 120,
			command,
			args: [
				...[...args, '-D', data, '-U', USER, '--pwfile', passwordFile],
				...['--auth=scram-sha-256', '-E', 'UTF8', '--locale=C', '--no-sync'],
			],
			cwd: folder,
			advice:
				'Postgres has to run as a user other than root who can write to the temporary folder.',
		},
		log,
	);
	return data;
}

function settings(values: Record<string, string>): string[] {
	return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
