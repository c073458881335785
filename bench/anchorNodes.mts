// Nodes that do the least that a node of n8n can do, to compare ours with: they send requests with
// n8n's own helper, and check nothing.
import { Readable } from 'node:stream';
import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';
import { HEADER, lines, PAGE, type Agent, type Page } from './csv.mts';

/** Pages that are requested at the same time. */
const AT_ONCE = 6;
/** About 200 MB of objects. */
const BALLAST_OBJECTS = 1_920_000;

function describe(name: string): INodeTypeDescription {
	return {
		displayName: name,
		name: name.toLowerCase(),
		group: ['transform'],
		version: 1,
		description: '',
		defaults: { name },
		inputs: ['main'],
		outputs: ['main'],
		credentials: [{ name: 'ampersendApi', required: false }],
		properties: [],
	};
}

async function getterOf(n8n: IExecuteFunctions | IPollFunctions) {
	const { baseUrl } = await n8n.getCredentials('ampersendApi');
	const { httpRequestWithAuthentication } = n8n.helpers;
	return async <Answer,>(path: string): Promise<Answer> => {
		const options = { url: `${String(baseUrl)}${path}`, json: true };
		return await httpRequestWithAuthentication.call(n8n, 'ampersendApi', options);
	};
}

/** @param count gets the rows of each page */
async function* fileOf(
	n8n: IExecuteFunctions,
	count: (rows: number) => void,
): AsyncGenerator<string> {
	const get = await getterOf(n8n);
	const textOf = (page: Page, agent: Agent) => {
		count(page.activity.length);
		return lines(page, agent);
	};
	yield HEADER;
	const { items } = await get<{ items: Agent[] }>(`/agents?limit=${PAGE}&offset=0`);
	for (const agent of items) {
		const list = `/agents/${agent.address}/activity?preset=all&limit=${PAGE}&page=`;
		const first = await get<Page>(`${list}1`);
		yield textOf(first, agent);
		const pages = Math.ceil(first.totalCount / PAGE);
		const ahead: Array<Promise<Page>> = [];
		for (let number = 2; number <= pages || ahead.length > 0; ) {
			while (ahead.length < AT_ONCE && number <= pages) ahead.push(get(`${list}${number++}`));
			const page = await ahead.shift();
			if (page) yield textOf(page, agent);
		}
	}
}

/** Exports all transactions into a CSV file. */
export class Minimal implements INodeType {
	description = describe('Minimal');

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		let rows = 0;
		const file = fileOf(this, (more) => (rows += more));
		const content = Readable.from(file, { objectMode: false });
		const data = await this.helpers.prepareBinaryData(content, 'transactions.csv', 'text/csv');
		return [[{ json: { rows }, binary: { data } }]];
	}
}

/** Keeps objects, as an n8n does that has other things to do. */
export class Ballast implements INodeType {
	description = describe('Ballast');

	async execute(): Promise<INodeExecutionData[][]> {
		const ballast: unknown[] = [];
		const before = process.memoryUsage().heapUsed;
		for (let i = 0; i < BALLAST_OBJECTS; i++) ballast.push({ id: i, name: `row ${i}`, at: i / 7 });
		Object.assign(globalThis, { ballast });
		return [[{ json: { bytes: process.memoryUsage().heapUsed - before } }]];
	}
}

/**
 * A trigger that emits what is new in a list that has the newest row first.
 * @param pathOf returns the list's path, with its query
 */
export function minimalTrigger(pathOf: () => string): INodeType {
	return {
		description: describe('MinimalTrigger'),
		async poll() {
			const get = await getterOf(this);
			const { activity } = await get<Page>(pathOf());
			const state = this.getWorkflowStaticData('node');
			const at = activity.findIndex(({ id }) => id === state.newest);
			const news = at < 0 ? activity : activity.slice(0, at);
			state.newest = activity[0]?.id;
			return news.length > 0 ? [news.map((row) => ({ json: { ...row } }))] : null;
		},
	};
}
