import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { n8nDir } from './install.mts';
import { queueEnv } from './queueEnv.mts';

/** Names the servers for the processes below this one. */
export const VARIABLE = 'AMPERSEND_E2E_QUEUE';
export const HOST = '127.0.0.1';
export const USER = 'n8n';

/** The part of pg that is used. Its own types exist only after the set-up. */
export interface DatabaseClient {
	connect(): Promise<void>;
	query<T = Record<string, unknown>>(
		sql: string,
		values?: unknown[],
	): Promise<{ rows: T[]; rowCount: number | null }>;
	end(): Promise<void>;
	on(event: 'error', listener: (error: Error) => void): void;
}
interface Pg {
	Client: new (options: object) => DatabaseClient;
}

/** Of this run's servers. */
export interface Address {
	postgresPort: number;
	redisPort: number;
	password: string;
}

function newClient({ postgresPort, password }: Address, database: string): DatabaseClient {
	const { Client } = createRequire(join(n8nDir, 'package.json'))('pg') as Pg;
	const client = new Client({ host: HOST, port: postgresPort, user: USER, password, database });
	// Without a listener, a server that ends would end this process.
	client.on('error', () => {});
	return client;
}

export async function withClient<T>(
	address: Address,
	database: string,
	work: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
	const client = newClient(address, database);
	await client.connect();
	try {
		return await work(client);
	} finally {
		await client.end();
	}
}

/** What the processes of one n8n in queue mode share: a database, a part of Redis, a key. */
export class Cluster {
	private readonly name: string;

	private constructor(
		private readonly address: Address,
		folder: string,
	) {
		this.name = `n8n_${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
	}

	/**
	 * @param folder the user folder of its first main
	 * @returns undefined unless this run is in queue mode
	 */
	static async of(folder: string): Promise<Cluster | undefined> {
		const text = process.env[VARIABLE];
		if (text === undefined) return undefined;
		const address = JSON.parse(text) as Address;
		const cluster = new Cluster(address, folder);
		await withClient(address, 'postgres', async (client) => {
			const sql = 'SELECT 1 FROM pg_database WHERE datname = $1';
			const { rowCount } = await client.query(sql, [cluster.name]);
			if (!rowCount) await client.query(`CREATE DATABASE ${cluster.name}`);
		});
		return cluster;
	}

	/** Of its database. */
	get url(): string {
		const { postgresPort, password } = this.address;
		return `postgres://${USER}:${password}@${HOST}:${postgresPort}/${this.name}`;
	}

	env(webhookUrl: string): NodeJS.ProcessEnv {
		const { postgresPort, redisPort, password } = this.address;
		return {
			...queueEnv({
				postgres: {
					host: HOST,
					port: String(postgresPort),
					database: this.name,
					user: USER,
					password,
				},
				redis: { host: HOST, port: String(redisPort) },
				encryptionKey: createHash('sha256').update(`key of ${this.name}`).digest('hex'),
				webhookUrl,
				gracefulSeconds: '3',
			}),
			// Several n8n share this run's Redis.
			QUEUE_BULL_PREFIX: `bull_${this.name}`,
			N8N_REDIS_KEY_PREFIX: this.name,
		};
	}

	async query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]> {
		return await this.withClient(async (client) => (await client.query<T>(sql, values)).rows);
	}

	async withClient<T>(work: (client: DatabaseClient) => Promise<T>): Promise<T> {
		return await withClient(this.address, this.name, work);
	}

	/** Tables with a row that contains one of the texts: letters, digits and spaces. */
	async tablesHolding(texts: string[]): Promise<string[]> {
		return await this.withClient(async (client) => {
			// Files, too, as text.
			await client.query("SET bytea_output = 'escape'");
			const { rows } = await client.query<{ name: string }>(
				"SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
			);
			const found: string[] = [];
			for (const { name } of rows) {
				const sql = `SELECT 1 FROM "${name}" one WHERE one::text LIKE ANY($1) LIMIT 1`;
				const { rowCount } = await client.query(sql, [texts.map((text) => `%${text}%`)]);
				if (rowCount) found.push(name);
			}
			return found;
		});
	}
}
