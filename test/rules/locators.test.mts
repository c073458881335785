import '../regexWithoutClock.mts';

import { describe, expect, it } from '@jest/globals';
import type { INodeProperties, INodePropertyMode } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';

import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';
import { parseAddresses } from '../../nodes/Ampersend/domain/address';
import { parseIdentifier } from '../../nodes/Ampersend/domain/identifier';

const ADDRESS = '0x1f98431c8ad98523631ae4a59f267346ea31f984';
const KEY = 'a'.repeat(64);

const samples = {
	address: [
		ADDRESS,
		` ${ADDRESS}\n`,
		`eip155:8453:${ADDRESS}`,
		`https://basescan.org/address/${ADDRESS}?a=1#b`,
		`${ADDRESS}, ${ADDRESS.replace('1f', '2f')}`,
		'',
		' ',
		'0x',
		ADDRESS.slice(0, -1),
		`${ADDRESS}0`,
		`0x${KEY}`,
		KEY,
		'Research assistant',
	],
	id: ['0f8fad5b-d9cb-469f-a165-70867728950e', ' a.b~c:d=+- ', '', 'a b', '../a', 'é'],
};

/** Every locator, also those in collections. */
function locatorsOf(properties: INodeProperties[]): INodeProperties[] {
	return properties.flatMap((property) => {
		const below = (property.options ?? []).filter((option) => 'displayName' in option);
		return [
			...(property.type === 'resourceLocator' ? [property] : []),
			...locatorsOf(below.filter((option): option is INodeProperties => 'type' in option)),
		];
	});
}

const locators = [new Ampersend(), new AmpersendTrigger()].flatMap(({ description }) =>
	locatorsOf(description.properties),
);
const modes = locators.flatMap(({ displayName, modes: all = [] }) =>
	all.filter(({ type }) => type === 'string').map((mode) => ({ displayName, mode })),
);

/** What n8n says of a value before it runs the node. */
function issuesOf(displayName: string, mode: INodePropertyMode, value: string): string[] {
	const name = 'locator';
	const property: INodeProperties = {
		displayName,
		name,
		type: 'resourceLocator',
		default: '',
		modes: [mode],
	};
	const parameters = { [name]: { __rl: true, mode: mode.name, value } };
	const node = { id: '', name: '', type: '', typeVersion: 1, position: [0, 0], parameters };
	const issues = NodeHelpers.getNodeParametersIssues([property], node as never, null);
	return issues?.parameters?.[name] ?? [];
}

function canBeRead(mode: INodePropertyMode, value: string): boolean {
	try {
		if (mode.name === 'id') parseIdentifier('ID', value);
		else parseAddresses('Address', value);
		return true;
	} catch {
		return false;
	}
}

describe('the locators', () => {
	it('are all of one kind or the other', () => {
		expect(locators.length).toBeGreaterThan(10);
		const names = new Set(modes.map(({ mode }) => mode.name));
		expect([...names].sort()).toEqual(['address', 'id', 'url']);
	});

	it.each(modes)(
		'say what is wrong while the user types: $displayName, $mode.displayName',
		(one) => {
			const { displayName, mode } = one;
			for (const value of mode.name === 'id' ? samples.id : samples.address) {
				const issues = issuesOf(displayName, mode, value);
				// Whether it can be empty is another question.
				const isFine = value.trim() === '' || canBeRead(mode, value);
				expect([value, issues.length]).toEqual([value, isFine ? 0 : 1]);
				if (!isFine) expect(issues[0]).toContain(`${displayName}: `);
				if (value.includes(KEY))
					expect(issues[0]).toContain(mode.name === 'id' ? 'ID' : 'private key');
			}
		},
	);
});
