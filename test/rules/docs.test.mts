import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/v4-mini';

import { resources } from '../../nodes/Ampersend/actions/registry';
import { common, ofPage } from '../../tools/docs/exampleValues.mts';
import { examplesPage } from '../../tools/docs/examplesPage.mts';
import { pages } from '../../tools/docs/pages.mts';
import { sampleOf, triggerSample } from '../../tools/docs/samples.mts';

const root = resolve(__dirname, '../..');
const folder = join(root, 'docs', 'resources');
const generated = pages(root);
const samples = [...resources.map(sampleOf), triggerSample()];

it('there is a page for each resource, for the trigger and for the API', () => {
	expect(generated.size).toBe(14);
	expect(readdirSync(folder).sort()).toEqual([...generated.keys()].sort());
});

it.each([...generated])('docs/resources/%s is what "npm run docs" writes', (name, text) => {
	expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
});

it('docs/examples.md is what "npm run docs" writes', () => {
	expect(readFileSync(join(root, 'docs', 'examples.md'), 'utf8')).toBe(examplesPage(root));
});

it('the README links to each page', () => {
	const readme = readFileSync(join(root, 'README.md'), 'utf8');
	const linked = [...generated.keys()].filter((name) =>
		readme.includes(`(docs/resources/${name})`),
	);
	expect(linked).toEqual([...generated.keys()]);
});

describe.each(samples)('The sample of $page', ({ page, output, whole, shown }) => {
	it('is an item of its output', () => {
		expect(z.parse(output, whole)).toEqual(whole);
	});

	it('stands before the operations and parameters', () => {
		const [beginning = ''] = (generated.get(`${page}.md`) ?? '').split('\n| ');
		const [, json = ''] = /```json\n(.+?)```/s.exec(beginning) ?? [];
		expect(JSON.parse(json)).toEqual(shown);
	});

	it('has the examples of its page', () => {
		expect(whole).toMatchObject(ofPage[page] ?? {});
	});
});

it('each common example is that of a field', () => {
	const fields = new Set(samples.flatMap(({ whole }) => Object.keys(whole)));
	expect(Object.keys(common).filter((name) => !fields.has(name))).toEqual([]);
	const names = samples.map(({ page }) => page);
	expect(Object.keys(ofPage).filter((page) => !names.includes(page))).toEqual([]);
});
