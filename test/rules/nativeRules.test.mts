import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import type { INodeProperties } from 'n8n-workflow';

import { AmpersendAgentApi } from '../../credentials/AmpersendAgentApi.credentials';
import { AmpersendApi } from '../../credentials/AmpersendApi.credentials';
import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';

/*
 * Rules of n8n's linter that its main branch has and our version lacks. They are checked on the
 * descriptions as n8n loads them: the linter reads only what stands literally in a node's file.
 */

const root = resolve(__dirname, '../..');

const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));

type Part = NonNullable<INodeProperties['options']>[number];

const isParameter = (part: Part): part is INodeProperties => 'type' in part;

/** A parameter, and all that its options contain. */
function withInner(part: Part): INodeProperties[] {
	const inner = 'values' in part ? part.values : 'options' in part ? (part.options ?? []) : [];
	return [...(isParameter(part) ? [part] : []), ...inner.flatMap(withInner)];
}

const properties = [
	...[new Ampersend(), new AmpersendTrigger()].flatMap(({ description }) => description.properties),
	...[new AmpersendApi(), new AmpersendAgentApi()].flatMap((credential) => credential.properties),
];
const parameters = properties.flatMap(withInner);
const named = (some: INodeProperties[]) => some.map(({ name }) => name);

describe('Parameters', () => {
	it('have a default (require-param-default)', () => {
		expect(named(parameters.filter((one) => !('default' in one)))).toEqual([]);
	});

	it('have hints of up to 120 characters (hint-max-length)', () => {
		const hints = parameters.flatMap(({ hint, modes = [] }) => [
			hint ?? '',
			...modes.map((mode) => mode.hint ?? ''),
		]);
		expect(hints.filter((hint) => hint.length > 120)).toEqual([]);
	});

	it('are never optional JSON (open-ended-node-fields)', () => {
		expect(named(parameters.filter(({ type, required }) => type === 'json' && !required))).toEqual(
			[],
		);
	});

	it('in a collection are never required', () => {
		const inner = properties
			.filter(({ type }) => type === 'collection')
			.flatMap(({ options = [] }) => options.filter(isParameter));
		expect(named(inner.filter(({ required }) => required))).toEqual([]);
	});
});

const categories = [
	'Analytics',
	'Communication',
	'Data & Storage',
	'Development',
	'Finance & Accounting',
	'Marketing & Content',
	'Miscellaneous',
	'Productivity',
	'Sales',
	'Utility',
];

describe.each(['Ampersend', 'AmpersendTrigger'])('The codex of %s', (name) => {
	const codex = read(`nodes/Ampersend/${name}.node.json`) as { categories: string[] };

	it('has known categories, without AI (valid-node-categories, no-ai-codex-category)', () => {
		expect(codex.categories).not.toEqual([]);
		expect(categories).toEqual(expect.arrayContaining(codex.categories));
	});

	it('has no subcategories (no-codex-subcategories)', () => {
		expect(codex).not.toHaveProperty('subcategories');
	});
});

it('The package is the whole repository (no-monorepo)', () => {
	expect(read('package.json')).not.toHaveProperty('repository.directory');
});

it.each([new AmpersendApi(), new AmpersendAgentApi()])(
	'The documentation of $displayName is a section of the README',
	({ documentationUrl, displayName }) => {
		const [page, anchor] = documentationUrl.split('#');
		const heading = `Credential: ${displayName}`;
		expect(page).toBe((read('package.json') as { homepage: string }).homepage);
		expect(anchor).toBe(heading.toLowerCase().replace(':', '').replaceAll(' ', '-'));
		expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`\n## ${heading}\n`);
	},
);
