import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { request } from 'undici';
import { n8nDir } from './install.mts';
import type { Answer, SeenRequest } from './services.mts';

/**
 * The part of mockttp that is used. Its own types exist only after the set-up, and the type check
 * must not need that.
 */
interface Mockttp {
	generateCACertificate(options: { bits?: number }): Promise<{ key: string; cert: string }>;
	getLocal(options: {
		https: { key: string; cert: string };
		recordTraffic: boolean;
	}): MockttpServer;
}
interface MockttpServer {
	readonly port: number;
	start(): Promise<void>;
	stop(): Promise<void>;
	forAnyRequest(): {
		thenCallback(answer: (request: MockttpRequest) => Promise<Answer>): Promise<unknown>;
	};
}
interface MockttpRequest {
	url: string;
	method: string;
	headers: Record<string, string | string[] | undefined>;
	body: { getText(): Promise<string | undefined> };
}

export interface RecordedRequest {
	host: string;
	method: string;
	/** Path and query. */
	path: string;
	/** Whether it had an Authorization header. */
	authorized: boolean;
	statusCode: number;
}

export type Handler = (request: SeenRequest) => Answer | undefined | Promise<Answer | undefined>;

/**
 * Intercepts every request that n8n makes to another machine, and answers only for the given hosts.
 */
export class Proxy {
	readonly requests: RecordedRequest[] = [];

	/** Requests to a host or path that nothing answers for. */
	readonly unexpected: RecordedRequest[] = [];

	private constructor(
		private readonly server: MockttpServer,
		readonly certificateFile: string,
	) {}

	static async start(folder: string, handlers: Record<string, Handler>): Promise<Proxy> {
		const mockttp = createRequire(join(n8nDir, 'package.json'))('mockttp') as Mockttp;
		const https = await mockttp.generateCACertificate({ bits: 2048 });
		const certificateFile = join(folder, 'proxy-ca.pem');
		await writeFile(certificateFile, https.cert);
		const server = mockttp.getLocal({ https, recordTraffic: false });
		const proxy = new Proxy(server, certificateFile);
		await server.start();
		await server.forAnyRequest().thenCallback((incoming) => proxy.handle(incoming, handlers));
		return proxy;
	}

	/** For n8n's process. @param direct hosts that it calls without the proxy */
	env(direct: string[] = []): NodeJS.ProcessEnv {
		const url = `http://127.0.0.1:${this.server.port}`;
		return {
			HTTP_PROXY: url,
			HTTPS_PROXY: url,
			NO_PROXY: ['127.0.0.1', 'localhost', ...direct].join(','),
			NODE_EXTRA_CA_CERTS: this.certificateFile,
		};
	}

	to(host: string): RecordedRequest[] {
		return this.requests.filter((one) => one.host === host);
	}

	assertClean(): void {
		if (this.unexpected.length === 0) return;
		const lines = this.unexpected.map(
			({ method, host, path }) => `- ${method} https://${host}${path}`,
		);
		throw new Error(`Nothing answers for these requests of n8n:\n${lines.join('\n')}`);
	}

	async stop(): Promise<void> {
		await this.server.stop();
	}

	private async handle(
		incoming: MockttpRequest,
		handlers: Record<string, Handler>,
	): Promise<Answer> {
		const { host, pathname, search } = new URL(incoming.url);
		const seen: SeenRequest = {
			host,
			method: incoming.method,
			path: `${pathname}${search}`,
			body: (await incoming.body.getText()) ?? '',
			authorization: [incoming.headers.authorization ?? []].flat()[0],
		};
		const answer = await handlers[host]?.(seen);
		const record: RecordedRequest = {
			host,
			method: seen.method,
			path: seen.path,
			authorized: seen.authorization !== undefined,
			statusCode: answer?.statusCode ?? 502,
		};
		this.requests.push(record);
		if (answer === undefined) this.unexpected.push(record);
		return answer ?? { statusCode: 502, body: `Nothing answers for ${host} here.` };
	}
}

/** Passes a request to a server on this machine. */
export function forwardTo(origin: string): Handler {
	return async ({ method, path, body, authorization }) => {
		const answer = await request(`${origin}${path}`, {
			method: method as 'GET',
			headers: {
				...(authorization === undefined ? {} : { authorization }),
				...(body === '' ? {} : { 'content-type': 'application/json' }),
			},
			body: body === '' ? null : body,
		});
		return {
			statusCode: answer.statusCode,
			headers: { 'content-type': String(answer.headers['content-type'] ?? 'text/plain') },
			body: await answer.body.text(),
		};
	};
}
