// The API's answers that the nodes need, from a process of its own. A path starts with the number
// of agents, the rows of each and the latency in ms, so one process serves every case:
// /1/100000/50/v1/agents. Node.js 24 runs this file as it is.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityText, agentsText, agentText } from './rows.mts';

/** What was requested from one account so far. */
export interface Counts {
	requests: number;
	/** Of these, for transactions. */
	pages: number;
	/** Path and query of the last request. */
	lastPath: string;
}

interface Account extends Counts {
	agents: number;
	/** Of each agent. */
	rows: number;
}

const MAX_PAGE = 200;

/** @returns undefined for a request that nothing here should make */
function answerOf(account: Account, path: string, query: URLSearchParams): string | undefined {
	const whole = (name: string, fallback: number) => Number(query.get(name) ?? fallback);
	const limit = whole('limit', 20);
	if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE)) return undefined;
	if (path === '/v1/agents') return agentsText(account.agents, limit, whole('offset', 0));
	const [, address, list] = /^\/v1\/agents\/(0x[0-9a-f]{40})(\/activity)?$/.exec(path) ?? [];
	if (address === undefined) return undefined;
	if (list === undefined) return agentText(address);
	const page = whole('page', 1);
	const isAll = query.get('preset') === 'all' && page >= 1;
	return isAll ? activityText(address, account.rows, page, limit) : undefined;
}

const accounts = new Map<string, Account>();

function accountOf(agents: string, rows: string, latency: string): Account {
	const name = `${agents}/${rows}/${latency}`;
	const account = accounts.get(name) ?? {
		agents: Number(agents),
		rows: Number(rows),
		requests: 0,
		pages: 0,
		lastPath: '',
	};
	accounts.set(name, account);
	return account;
}

function send(response: ServerResponse, status: number, text: string): void {
	const length = Buffer.byteLength(text);
	response.writeHead(status, { 'content-type': 'application/json', 'content-length': length });
	response.end(text);
}

async function handle(method: string, url: string, response: ServerResponse): Promise<void> {
	const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
	const [, agents = '', rows = '', latency = '', path = ''] =
		/^\/(\d+)\/(\d+)\/(\d+)(\/.*)$/.exec(pathname) ?? [];
	const account = accountOf(agents, rows, latency);
	if (path === '/counts') return send(response, 200, JSON.stringify(account));
	if (path === '/pay' && method === 'POST') {
		account.rows += Number(searchParams.get('rows'));
		return send(response, 200, '{}');
	}
	const text = method === 'GET' ? answerOf(account, path, searchParams) : undefined;
	if (text === undefined) return send(response, 404, `{"message":"Nothing at ${method} here"}`);
	account.requests++;
	if (path.endsWith('/activity')) account.pages++;
	account.lastPath = url;
	if (latency !== '0') await sleep(Number(latency));
	send(response, 200, text);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
	handle(request.method ?? '', request.url ?? '', response).catch((error: unknown) => {
		console.error(error);
		response.destroy();
	});
}

/** Has a certificate and its key, if the service is to speak HTTPS. */
const [folder] = process.argv.slice(2);
const server =
	folder === undefined
		? createServer(answer)
		: createTlsServer(
				{
					cert: readFileSync(join(folder, 'cert.pem')),
					key: readFileSync(join(folder, 'key.pem')),
				},
				answer,
			);
// A client that waits longer than Node.js's 5 s would find its connection closed.
server.keepAliveTimeout = 120_000;
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
	process.send?.((server.address() as AddressInfo).port);
});
