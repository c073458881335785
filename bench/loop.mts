// What reading and writing cost without n8n: a bare loop that requests one page after the other
// and writes the CSV file of an export. Node.js 24 runs this file as it is.
import { closeSync, openSync, writeSync } from 'node:fs';
import { request } from 'undici';

interface Row {
	type: string;
	id: string;
	agent_address: string;
	receiver: string;
	amount: string;
	status: string;
	timestamp: string;
	tx_hash: string | null;
	chain_caip2id: string;
}

interface Page {
	activity: Row[];
	hasNextPage: boolean;
}

interface Agent {
	address: string;
	name: string;
}

const COLUMNS =
	'occurredAt,agentName,agentAddress,direction,amountUsdc,amountUsdcMicro,status,counterparty,' +
	'transactionHash,explorerUrl,chain,id';
const LIMIT = 200;

async function get<Answer>(url: string): Promise<Answer> {
	const { statusCode, body } = await request(url);
	const text = await body.text();
	if (statusCode !== 200) throw new Error(`${statusCode} for ${url}: ${text}`);
	return JSON.parse(text) as Answer;
}

const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function usdc(micro: string): string {
	const digits = micro.padStart(7, '0');
	const fraction = digits.slice(-6).replace(/0+$/, '');
	return digits.slice(0, -6) + (fraction && `.${fraction}`);
}

function line(row: Row, { name }: Agent): string {
	const hash = row.tx_hash ?? '';
	return (
		`${new Date(Number(row.timestamp)).toISOString()},${cell(name)},${row.agent_address},` +
		`${cell(row.type)},${usdc(row.amount)},${row.amount},${cell(row.status)},` +
		`${row.receiver === row.agent_address ? '' : row.receiver},${cell(hash)},` +
		`${hash && `https://sepolia.basescan.org/tx/${hash}`},${cell(row.chain_caip2id)},` +
		`${cell(row.id)}\r\n`
	);
}

const [baseUrl = '', file = ''] = process.argv.slice(2);
const started = performance.now();
const output = openSync(file, 'w');
writeSync(output, `${COLUMNS}\r\n`);
let rows = 0;
const { items } = await get<{ items: Agent[] }>(`${baseUrl}/agents?limit=${LIMIT}&offset=0`);
for (const agent of items) {
	const list = `${baseUrl}/agents/${agent.address}/activity?preset=all&limit=${LIMIT}&page=`;
	for (let number = 1, isMore = true; isMore; number++) {
		const page = await get<Page>(`${list}${number}`);
		let text = '';
		for (const row of page.activity) text += line(row, agent);
		writeSync(output, text);
		rows += page.activity.length;
		isMore = page.hasNextPage;
	}
}
closeSync(output);
console.log(JSON.stringify({ ms: performance.now() - started, rows }));
