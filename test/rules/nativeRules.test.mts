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

const nodes = [new Ampersend(), new AmpersendTrigger()].map(({ description }) => description);

describe.each(nodes)('$displayName', ({ credentials = [], properties: fields }) => {
	it('uses one credential at a time, by one choice (single-credential-per-node)', () => {
		const field = fields.find(({ name }) => name === 'authentication');
		const values = (field?.options ?? []).map((option) => 'value' in option && option.value);
		// Not multiOptions, which would choose several.
		expect(field).toMatchObject({ type: 'options', default: expect.any(String) });
		expect(values.length).toBeGreaterThan(1);

		const shown = credentials.map(({ displayOptions }) => displayOptions);
		expect(shown).toEqual(shown.map(() => ({ show: { authentication: [expect.any(String)] } })));
		const chosen = shown.flatMap((options) => options?.show?.authentication);
		expect(chosen.toSorted()).toEqual(values.toSorted());
		expect(new Set(credentials.map(({ name }) => name)).size).toBe(credentials.length);
	});
});

/** Relative luminance by WCAG 2, from 0 to 1. @param color #rgb or #rrggbb */
function luminance(color: string): number {
	const digits = /^#[0-9a-f]{3}$/.test(color) ? color.replace(/[0-9a-f]/g, '$&$&') : color;
	const [, ...parts] = /^#(..)(..)(..)$/.exec(digits) ?? [];
	const [red = NaN, green = NaN, blue = NaN] = parts.map((part) => {
		const value = Number.parseInt(part, 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
	const [brighter = NaN, darker = NaN] = [luminance(one), luminance(other)].sort((a, b) => b - a);
	return (brighter + 0.05) / (darker + 0.05);
}

/** What WCAG 2 wants for graphics (1.4.11). n8n's rule warns below 1.5. */
const LEAST_CONTRAST = 3;

const themes = [
	{ theme: 'light', file: 'ampersend.svg', background: '#ffffff' },
	{ theme: 'dark', file: 'ampersend.dark.svg', background: '#2b2b2b' },
];

it('contrast is 21 for black on white, and as WCAG has it for a gray', () => {
	expect(contrast('#000', '#ffffff')).toBeCloseTo(21, 5);
	expect(contrast('#767676', '#fff')).toBeCloseTo(4.54, 2);
});

describe.each(themes)('The icon for the $theme theme', ({ theme, file, background }) => {
	const svg = readFileSync(join(root, 'nodes/Ampersend', file), 'utf8');
	const [plate = '', ...shapes] = [...svg.matchAll(/<(?:rect|path|circle) [^>]+>/g)].map(
		([shape]) => /(?:fill|stroke)="(#[^"]+)"/.exec(shape)?.[1] ?? 'none',
	);

	it('is the one of both nodes and both credentials', () => {
		const icons = [
			...nodes.map(({ icon }) => icon),
			...[new AmpersendApi(), new AmpersendAgentApi()].map(({ icon }) => icon),
		];
		expect(icons).toHaveLength(4);
		for (const icon of icons)
			expect(icon).toHaveProperty(theme, expect.stringMatching(new RegExp(`[:/]${file}$`)));
	});

	it(`has a plate on n8n's background with ${LEAST_CONTRAST}:1 (icon-contrast)`, () => {
		expect(svg).toMatch(/<svg[^>]*><rect /);
		expect(contrast(plate, background)).toBeGreaterThanOrEqual(LEAST_CONTRAST);
	});

	it(`has shapes on its plate with ${LEAST_CONTRAST}:1`, () => {
		expect(shapes).toHaveLength(2);
		expect(shapes.filter((color) => !(contrast(color, plate) >= LEAST_CONTRAST))).toEqual([]);
	});
});

it("n8n's linter has the newest rules: those of the version in package.json", () => {
	const { devDependencies } = read('package.json') as { devDependencies: Record<string, string> };
	const name = '@n8n/eslint-plugin-community-nodes';
	const { packages } = read('package-lock.json') as { packages: Record<string, object> };
	expect(packages[`node_modules/${name}`]).toHaveProperty('version', devDependencies[name]);
	// eslint.config.mjs is that of this package, and would use a copy of its own.
	expect(packages).not.toHaveProperty([`node_modules/@n8n/node-cli/node_modules/${name}`]);
	expect(readFileSync(join(root, 'eslint.config.mjs'), 'utf8')).toContain('@n8n/node-cli/eslint');
});
