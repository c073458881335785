/** Where a queue mode's servers are, and what its processes share. */
export interface QueuePlace {
	postgres: { host: string; port: string; database: string; user: string; password: string };
	redis: { host: string; port: string };
	encryptionKey: string;
	/** The main's address, as people reach it. */
	webhookUrl: string;
	/** How long a process that is told to end waits for its executions. */
	gracefulSeconds: string;
}

/**
 * The environment of every main, worker and webhook process of an n8n in queue mode. The tests use
 * it, and test/rules/queueMode.test.mts compares it with examples/queue-mode/compose.yaml.
 */
export function queueEnv(place: QueuePlace): Record<string, string> {
	const { postgres, redis } = place;
	return {
		EXECUTIONS_MODE: 'queue',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		N8N_ENCRYPTION_KEY: place.encryptionKey,
		// A worker would name 127.0.0.1:5678 in the links of approvals.
		WEBHOOK_URL: place.webhookUrl,
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: place.gracefulSeconds,
		// Files on the disk of one process can't be downloaded from another.
		N8N_DEFAULT_BINARY_DATA_MODE: 'database',
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: postgres.host,
		DB_POSTGRESDB_PORT: postgres.port,
		DB_POSTGRESDB_DATABASE: postgres.database,
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_PASSWORD: postgres.password,
		// n8n's default of 2 makes polls wait for each other.
		DB_POSTGRESDB_POOL_SIZE: '10',
		QUEUE_BULL_REDIS_HOST: redis.host,
		QUEUE_BULL_REDIS_PORT: redis.port,
	};
}

/** What polls need for durable cursors. */
export const durableEnv: Record<string, string> = {
	N8N_SCHEDULER_ENABLED: 'true',
	N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
	N8N_USE_WORKFLOW_PUBLICATION_SERVICE: 'true',
	N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
};
