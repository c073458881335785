// What n8n's expression engine costs a poll, whatever the trigger: n8n 2.41 gives each poll a V8
// isolate of its own. Node.js 24 runs this file as it is.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Expression as ExpressionClass } from 'n8n-workflow';

const [n8nDir = '', lazy = ''] = process.argv.slice(2);
const require = createRequire(join(n8nDir, 'package.json'));
const { Expression } = require('n8n-workflow') as { Expression: typeof ExpressionClass };

const POLLS = 60;
const POLL_MS = 20;
const REST_MS = 500;

/** What a poll's workflow has; the engine only wants it as a key. */
const make = () => Object.create(Expression.prototype) as ExpressionClass;

async function poll(): Promise<void> {
	const one = make();
	await one.acquireIsolate();
	await sleep(POLL_MS);
	await one.releaseIsolate();
}

// With n8n's defaults.
await Expression.initExpressionEngine({
	engine: 'vm',
	bridgeTimeout: 5000,
	bridgeMemoryLimit: 128,
	maxCodeCacheSize: 1024,
	poolSize: 1,
	lazyAcquire: lazy === 'lazy',
});
for (let i = 0; i < 5; i++) await poll();
await sleep(REST_MS);
const before = process.cpuUsage();
for (let i = 0; i < POLLS; i++) await poll();
await sleep(REST_MS);
const used = process.cpuUsage(before);
const { rss } = process.memoryUsage();
const all = Array.from({ length: POLLS }, make);
await Promise.all(all.map(async (one) => await one.acquireIsolate()));
const memory = (process.memoryUsage().rss - rss) / POLLS;
console.log(JSON.stringify({ cpuMs: (used.user + used.system) / 1000 / POLLS, memory }));
process.exit();
