// What reading and writing cost without n8n: a bare loop that requests one page after the other
// and writes the CSV file of an export. Node.js 24 runs this file as it is.
import { closeSync, openSync, writeSync } from 'node:fs';
import { request } from 'undici';
import { HEADER, lines, PAGE, type Agent, type Page } from './csv.mts';

async function get<Answer>(url: string): Promise<Answer> {
	const { statusCode, body } = await request(url);
	const text = await body.text();
	if (statusCode !== 200) throw new Error(`${statusCode} for ${url}: ${text}`);
	return JSON.parse(text) as Answer;
}

const [baseUrl = '', file = ''] = process.argv.slice(2);
const started = performance.now();
const output = openSync(file, 'w');
writeSync(output, HEADER);
let rows = 0;
const { items } = await get<{ items: Agent[] }>(`${baseUrl}/agents?limit=${PAGE}&offset=0`);
for (const agent of items) {
	const list = `${baseUrl}/agents/${agent.address}/activity?preset=all&limit=${PAGE}&page=`;
	for (let number = 1, isMore = true; isMore; number++) {
		const page = await get<Page>(`${list}${number}`);
		writeSync(output, lines(page, agent));
		rows += page.activity.length;
		isMore = page.hasNextPage;
	}
}
closeSync(output);
console.log(JSON.stringify({ ms: performance.now() - started, rows }));
