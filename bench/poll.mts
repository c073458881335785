// Polls the installed trigger in real n8n-core. Node.js 24 runs this file as it is.
import { randomBytes } from 'node:crypto';
import type { INodeType } from 'n8n-workflow';
import { request } from 'undici';
import { minimalTrigger } from './anchorNodes.mts';
import { peakOf, resetPeak } from './memory.mts';
import { Credentials, load, openContext } from './pollContext.mts';
import type { Found } from './polls.mts';
import type { Counts } from './service.mts';

/** Polls before the ones that are measured: an n8n that polls has run for a while. */
const WARM_UP = 20;
const POLLS = 100;
const BACKLOG = 100_000;

/** `one` is a chosen agent; with `all`, a poll lists the agents too. */
const [kind = '', folder = '', account = '', scope = ''] = process.argv.slice(2);
const { credentialType, trigger } = load(folder);
const credentials = new Credentials(credentialType, {
	apiKey: `sk_test_${randomBytes(16).toString('hex')}`,
	baseUrl: `${account}/v1`,
});

async function counts(): Promise<Counts> {
	const { body } = await request(`${account}/counts`);
	return (await body.json()) as Counts;
}

/** Adds rows to every agent. */
async function pay(rows: number): Promise<void> {
	const { body } = await request(`${account}/pay?rows=${rows}`, { method: 'POST' });
	await body.dump();
}

/** @returns a poll of a published trigger, which returns how many events it emits */
function open(type: INodeType): () => Promise<number> {
	const context = openContext({ type, credentials, scope });
	return async () => (await type.poll?.call(context))?.[0]?.length ?? 0;
}

function expectEvents(found: number, expected: number): void {
	if (found !== expected) throw new Error(`A poll emitted ${found} events, not ${expected}.`);
}

async function timeIdle(poll: () => Promise<number>): Promise<number> {
	const started = performance.now();
	expectEvents(await poll(), 0);
	return performance.now() - started;
}

const poll = open(trigger);

const measures: { [Kind in keyof Found]: () => Promise<Found[Kind]> } = {
	/** In turns with a minimal trigger that requests the same page. */
	async idle() {
		await poll();
		await timeIdle(poll);
		const { lastPath } = await counts();
		const minimal = open(
			minimalTrigger(() => lastPath.slice(new URL(account).pathname.length + 3)),
		);
		await minimal();
		const found: Found['idle'] = { polls: [], minimal: [], requests: 0 };
		for (let i = -WARM_UP; i < POLLS; i++) {
			const before = await counts();
			const pollMs = await timeIdle(poll);
			const { requests } = await counts();
			const minimalMs = await timeIdle(minimal);
			if (i < 0) continue;
			found.polls.push(pollMs);
			found.minimal.push(minimalMs);
			found.requests = Math.max(found.requests, requests - before.requests);
		}
		// So the polls before it did look.
		await pay(1);
		for (const one of [poll, minimal]) expectEvents(await one(), 1);
		return found;
	},

	async agents() {
		await poll();
		return { ms: await timeIdle(poll) };
	},

	/** Polls until a backlog of one agent is emitted. */
	async backlog() {
		await poll();
		await pay(BACKLOG);
		const before = await counts();
		let [events, polls] = [0, 0];
		while (events < BACKLOG && polls < 100) {
			events += await poll();
			polls++;
		}
		expectEvents(events, BACKLOG);
		return { requests: (await counts()).pages - before.pages, polls };
	},

	/** The first poll, which reads where each agent's list begins. */
	async publish() {
		global.gc?.();
		resetPeak(process.pid);
		const idle = peakOf(process.pid);
		expectEvents(await poll(), 0);
		return { above: peakOf(process.pid) - idle, idle };
	},
};

console.log(JSON.stringify(await measures[kind as keyof Found]()));
