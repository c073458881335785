// The API's answers that the nodes need, from a process of its own. A path starts with the number
// of agents, the rows of each and the latency in ms, so one process serves every case:
// /1/100000/50/v1/agents. Node.js 24 runs this file as it is.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityText, addressOf, agentsText, agentText } from './rows.mts';

/** What was requested from one account so far. */
export interface Counts {
	requests: number;
	/** Of these, for transactions. */
	pages: number;
	/** Requests that were answered with 429, which aren't among the others. */
	limited: number;
	/** Path and query of the last request. */
	lastPath: string;
}

interface Account extends Counts {
	agents: number;
	/** Of each agent. */
	rows: number;
	/** Those that a single agent has more, by its address. */
	more: Map<string, number>;
	/** Requests that a key may send in a minute; 0 for any number. */
	limit: number;
	/** Whether the minute of a key begins at the clock's; otherwise it's the last 60 s. */
	isFixed: boolean;
	/** When each key sent those of its minute, epoch ms, oldest first. */
	sent: Map<string, number[]>;
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
	const rows = account.rows + (account.more.get(address) ?? 0);
	return isAll ? activityText(address, rows, page, limit) : undefined;
}

const MINUTE_MS = 60_000;

/** @returns the seconds that a key has to wait; 0 if it may send a request now */
function waitOf({ limit, isFixed, sent }: Account, key: string): number {
	if (limit === 0) return 0;
	const now = Date.now();
	const since = isFixed ? now - (now % MINUTE_MS) : now - MINUTE_MS;
	const times = sent.get(key) ?? [];
	sent.set(key, times);
	const old = times.findIndex((at) => at >= since);
	times.splice(0, old < 0 ? times.length : old);
	if (times.length < limit) {
		times.push(now);
		return 0;
	}
	const free = isFixed ? since + MINUTE_MS : (times[0] ?? now) + MINUTE_MS;
	return Math.max(1, Math.ceil((free - now) / 1000));
}

/** Answers what isn't a part of the API. @returns whether it was */
function configure(account: Account, path: string, query: URLSearchParams): boolean {
	const whole = (name: string) => Number(query.get(name) ?? 0);
	const agent = query.get('agent');
	if (path === '/pay' && agent === null) account.rows += whole('rows');
	else if (path === '/pay') {
		const address = addressOf(Number(agent));
		account.more.set(address, (account.more.get(address) ?? 0) + whole('rows'));
	} else if (path === '/limit') {
		account.limit = whole('requests');
		account.isFixed = query.get('fixed') === 'true';
	} else return false;
	return true;
}

const accounts = new Map<string, Account>();

function accountOf(agents: string, rows: string, latency: string): Account {
	const name = `${agents}/${rows}/${latency}`;
	const account = accounts.get(name) ?? {
		agents: Number(agents),
		rows: Number(rows),
		more: new Map<string, number>(),
		limit: 0,
		isFixed: false,
		sent: new Map<string, number[]>(),
		requests: 0,
		pages: 0,
		limited: 0,
		lastPath: '',
	};
	accounts.set(name, account);
	return account;
}

function send(response: ServerResponse, status: number, text: string, headers = {}): void {
	const length = Buffer.byteLength(text);
	const own = { 'content-type': 'application/json', 'content-length': length };
	response.writeHead(status, { ...own, ...headers });
	response.end(text);
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
	const { method = '', url = '', headers } = request;
	const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
	const [, agents = '', rows = '', latency = '', path = ''] =
		/^\/(\d+)\/(\d+)\/(\d+)(\/.*)$/.exec(pathname) ?? [];
	const account = accountOf(agents, rows, latency);
	const { requests, pages, limited, lastPath } = account;
	if (path === '/counts')
		return send(
			response,
			200,
			JSON.stringify({ requests, pages, limited, lastPath } satisfies Counts),
		);
	if (method === 'POST' && configure(account, path, searchParams)) return send(response, 200, '{}');
	const text = method === 'GET' ? answerOf(account, path, searchParams) : undefined;
	if (text === undefined) return send(response, 404, `{"message":"Nothing at ${method} here"}`);
	const wait = waitOf(account, headers.authorization ?? '');
	if (wait > 0) {
		account.limited++;
		return send(response, 429, '{"message":"Too many requests"}', { 'retry-after': wait });
	}
	account.requests++;
	if (path.endsWith('/activity')) account.pages++;
	account.lastPath = url;
	if (latency !== '0') await sleep(Number(latency));
	send(response, 200, text);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
	handle(request, response).catch((error: unknown) => {
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
