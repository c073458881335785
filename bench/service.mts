// The API's answers that an export and a poll need, from a process of its own. A path starts with
// the number of rows and the latency in ms, so one process serves every case:
// /100000/50/v1/agents. Node.js 24 runs this file as it is.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityText, ADDRESS, agentsText } from './rows.mts';

/** What was requested from one account so far. */
export interface Counts {
	requests: number;
	/** Of the bodies. */
	bytes: number;
	/** Path and query of the last request. */
	lastPath: string;
}

interface Account extends Counts {
	rows: number;
}

const MAX_PAGE = 200;

/** @returns undefined for a request that nothing here should make */
function answerOf(account: Account, path: string, query: URLSearchParams): string | undefined {
	const whole = (name: string, fallback: number) => Number(query.get(name) ?? fallback);
	const limit = whole('limit', 20);
	if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE)) return undefined;
	if (path === '/v1/agents') return agentsText(limit, whole('offset', 0));
	const isAll = path === `/v1/agents/${ADDRESS}/activity` && query.get('preset') === 'all';
	const page = whole('page', 1);
	return isAll && page >= 1 ? activityText(account.rows, page, limit) : undefined;
}

const accounts = new Map<string, Account>();

function accountOf(rows: string, latency: string): Account {
	const name = `${rows}/${latency}`;
	const account = accounts.get(name) ?? { rows: Number(rows), requests: 0, bytes: 0, lastPath: '' };
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
	const [, rows = '', latency = '', path = ''] = /^\/(\d+)\/(\d+)(\/.*)$/.exec(pathname) ?? [];
	const account = accountOf(rows, latency);
	if (path === '/counts') {
		const { requests, bytes, lastPath } = account;
		return send(response, 200, JSON.stringify({ requests, bytes, lastPath }));
	}
	if (path === '/pay' && method === 'POST') {
		account.rows++;
		return send(response, 200, '{}');
	}
	const text = method === 'GET' ? answerOf(account, path, searchParams) : undefined;
	if (text === undefined) return send(response, 404, `{"message":"Nothing at ${method} here"}`);
	account.requests++;
	account.bytes += text.length;
	account.lastPath = url;
	if (latency !== '0') await sleep(Number(latency));
	send(response, 200, text);
}

const server = createServer((request, response) => {
	handle(request.method ?? '', request.url ?? '', response).catch((error: unknown) => {
		console.error(error);
		response.destroy();
	});
});
// A client that waits longer than Node.js's 5 s would find its connection closed.
server.keepAliveTimeout = 120_000;
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
	process.send?.((server.address() as AddressInfo).port);
});
