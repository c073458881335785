/** docs/scale.md: its sums, n8n's defaults, and the commands that measure it. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { ExpressionEngineConfig, SchedulerConfig, WorkflowsConfig } from '@n8n/config';

import { readScaleOptions } from '../../bench/scaleOptions.mts';

const page = readFileSync(join(resolve(__dirname, '../..'), 'docs', 'scale.md'), 'utf8');

/** The cells of the rows that begin with a text like this. */
const rowsLike = (first: RegExp) =>
	page
		.split('\n')
		.map((line) => line.split('|').map((cell) => cell.trim()))
		.flatMap(([, ...cells]) => (first.test(cells[0] ?? '') ? [cells] : []));

const whole = (text = '') => Number(text.replaceAll(' ', ''));

it('is a page to read at once', () => {
	expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});

describe('the measured points', () => {
	const points = rowsLike(/^[\d ]+ × [\d ]+$/);

	it('are there', () => {
		expect(points.length).toBeGreaterThanOrEqual(5);
	});

	// test/trigger/reading.test.mts holds the trigger to it.
	it.each(points)('%s: asks for one list and a page of each agent, a minute', (point, requests) => {
		const [triggers, agents] = point.split('×').map(whole);
		expect(whole(requests)).toBe((triggers ?? 0) * (1 + (agents ?? 0)));
	});
});

describe("n8n's defaults", () => {
	const scheduler = new SchedulerConfig();
	const { engine } = new ExpressionEngineConfig();
	const defaults: Record<string, number | string> = {
		N8N_SCHEDULER_MATERIALIZATION_INTERVAL: scheduler.materializationIntervalSeconds,
		N8N_SCHEDULER_MATERIALIZATION_WINDOW: scheduler.materializationWindowSeconds,
		N8N_SCHEDULER_EXECUTOR_INTERVAL: scheduler.executorIntervalSeconds,
		N8N_SCHEDULER_CLAIM_BATCH_SIZE: scheduler.claimBatchSize,
		N8N_SCHEDULER_MISFIRE_GRACE: scheduler.misfireGraceSeconds,
		N8N_SCHEDULER_POLL_TIMEOUT: scheduler.pollTimeoutSeconds,
		N8N_SCHEDULER_LEASE_DURATION: scheduler.leaseDurationSeconds,
		N8N_SCHEDULER_RETENTION: scheduler.retentionSeconds,
		N8N_WORKFLOW_PUBLICATION_CONCURRENCY: new WorkflowsConfig().workflowPublicationConcurrency,
		N8N_EXPRESSION_ENGINE: engine,
	};
	const stated = rowsLike(/^`N8N_\w+`$/);

	it('are all there', () => {
		const names = stated.map(([name = '']) => name.replaceAll('`', ''));
		expect(names.toSorted()).toEqual(Object.keys(defaults).toSorted());
	});

	it.each(stated)('%s is %s', (name, value) => {
		expect(value.replaceAll(' ', '')).toBe(String(defaults[name.replaceAll('`', '')]));
	});
});

describe('the commands', () => {
	const commands = [...page.matchAll(/npm run bench -- (--scale[^`\n]*)/g)];

	it.each(commands.map(([, args = '']) => args.trim()))('%s', (args) => {
		expect(() => readScaleOptions(args.split(/ +/))).not.toThrow();
	});
});
