import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { expect, it } from '@jest/globals';

import { pages } from '../../tools/docs/pages.mts';

const root = resolve(__dirname, '../..');
const folder = join(root, 'docs', 'resources');
const generated = pages(root);

it('there is a page for each resource, for the trigger and for the API', () => {
	expect(generated.size).toBe(14);
	expect(readdirSync(folder).sort()).toEqual([...generated.keys()].sort());
});

it.each([...generated])('docs/resources/%s is what "npm run docs" writes', (name, text) => {
	expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
});
