/** The compose file for users, and the n8n that the end-to-end tests start, are set up alike. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { durableEnv, queueEnv } from '../../tools/n8n/queueEnv.mts';

const root = resolve(__dirname, '../..');
const compose = readFileSync(join(root, 'examples', 'queue-mode', 'compose.yaml'), 'utf8');
const page = readFileSync(join(root, 'docs', 'queue-mode.md'), 'utf8');

/** The lines below a key with this indent, as far as they are indented more than it. */
function below(text: string, key: string, indent: string): string {
	const [, rest = ''] = new RegExp(`^${indent}${key}:.*\\n([^]*)`, 'm').exec(text) ?? [];
	const end = new RegExp(`^ {0,${indent.length}}[^ \\n]`, 'm').exec(rest);
	return rest.slice(0, end?.index);
}

const serviceOf = (name: string) => below(below(compose, 'services', ''), name, '  ');

const entriesOf = (text: string) =>
	Object.fromEntries(
		[...text.matchAll(/^ *(\w+): '(.*)'$/gm)].map(([, name, value]) => [name, value]),
	);

const processes = below(compose, 'x-n8n', '');
const environment = entriesOf(below(processes, 'environment', '  '));

const settings = {
	...queueEnv({
		postgres: {
			host: 'postgres',
			port: '5432',
			database: 'n8n',
			user: 'n8n',
			password: '${POSTGRES_PASSWORD:?}',
		},
		redis: { host: 'redis', port: '6379' },
		encryptionKey: '${N8N_ENCRYPTION_KEY:?}',
		webhookUrl: '${WEBHOOK_URL:?}',
		gracefulSeconds: '300',
	}),
	...durableEnv,
};

describe('examples/queue-mode/compose.yaml', () => {
	it('sets what the tests set, with durable cursors, and nothing else', () => {
		expect(environment).toEqual(settings);
	});

	it.each(['main', 'worker'])('%s has all of it, and nothing of its own', (service) => {
		const text = serviceOf(service);
		expect(text).toContain('<<: *n8n');
		expect(text).not.toContain('environment:');
	});

	it('has two workers, as the tests do', () => {
		expect(serviceOf('worker')).toContain('replicas: 2');
	});

	it('has the servers that the settings name', () => {
		const postgres = entriesOf(serviceOf('postgres'));
		expect(postgres).toEqual({
			POSTGRES_DB: settings.DB_POSTGRESDB_DATABASE,
			POSTGRES_USER: settings.DB_POSTGRESDB_USER,
			POSTGRES_PASSWORD: settings.DB_POSTGRESDB_PASSWORD,
		});
		expect(serviceOf('redis')).toContain('image: redis:');
	});

	it('gives n8n longer to end than n8n waits for its executions', () => {
		const [, grace] = /stop_grace_period: (\d+)s/.exec(processes) ?? [];
		expect(Number(grace)).toBeGreaterThan(Number(settings.N8N_GRACEFUL_SHUTDOWN_TIMEOUT));
	});

	it('runs the n8n that the tests run', () => {
		const app = readFileSync(join(root, 'tools', 'n8n', 'app', 'package.json'), 'utf8');
		const { dependencies } = JSON.parse(app) as { dependencies: { n8n: string } };
		expect(compose).toContain(`n8nio/n8n:${dependencies.n8n}\n`);
	});
});

describe('docs/queue-mode.md', () => {
	const places = /_(HOST|PORT|DATABASE|USER|PASSWORD)$|^(DB_TYPE|EXECUTIONS_MODE)$/;
	const explained = Object.keys(settings).filter((name) => !places.test(name));

	it.each(explained)('explains %s', (name) => {
		expect(page).toContain(name);
	});
});
