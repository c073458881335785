import { describe, expect, it } from '@jest/globals';
import type { INodeProperties } from 'n8n-workflow';

import { AmpersendAgentApi } from '../../credentials/AmpersendAgentApi.credentials';
import { AmpersendApi } from '../../credentials/AmpersendApi.credentials';
import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';
import { authentications } from '../../nodes/Ampersend/domain/authentication';

type Part = INodeProperties | NonNullable<INodeProperties['options']>[number];

/** What workflows store and depend on: names, values, types, defaults and visibility, not texts. */
function stored(part: Part): unknown {
	const { name } = part;
	const options = 'options' in part ? part.options?.map((option) => stored(option)) : undefined;
	if (!('type' in part)) return 'value' in part ? part.value : { name, options };
	return {
		name,
		type: part.type,
		default: part.default,
		...(part.displayOptions && { displayOptions: part.displayOptions }),
		...(part.modes && { modes: part.modes.map((mode) => mode.name) }),
		...(options && { options }),
	};
}

describe('Each authentication', () => {
	const credentials = [new AmpersendApi(), new AmpersendAgentApi()];

	it.each(Object.entries(authentications))(
		'%s has a credential in both nodes, a class and a test',
		(authentication, { credential, credentialName }) => {
			const shown = {
				name: credential,
				required: true,
				testedBy: `${credential}Test`,
				displayOptions: { show: { authentication: [authentication] } },
			};
			for (const node of [new Ampersend(), new AmpersendTrigger()]) {
				expect(node.description.credentials).toContainEqual(shown);
				expect(Object.keys(node.methods.credentialTest)).toContain(shown.testedBy);
			}
			const found = credentials.find(({ name }) => name === credential);
			expect(found?.displayName).toBe(credentialName);
		},
	);

	it('is in the table', () => {
		expect(credentials).toHaveLength(Object.keys(authentications).length);
		for (const node of [new Ampersend(), new AmpersendTrigger()]) {
			expect(node.description.credentials).toHaveLength(credentials.length);
		}
	});
});

describe('Stored names and values do not change by accident', () => {
	it('in the Ampersend node', () => {
		const { name, version, properties } = new Ampersend().description;
		expect({ name, version, properties: properties.map(stored) }).toMatchSnapshot();
	});

	it('in the Ampersend Trigger', () => {
		const { name, version, properties } = new AmpersendTrigger().description;
		expect({ name, version, properties: properties.map(stored) }).toMatchSnapshot();
	});

	it.each([new AmpersendApi(), new AmpersendAgentApi()])(
		'in the credential $displayName',
		({ name, properties }) => {
			expect({ name, properties: properties.map(stored) }).toMatchSnapshot();
		},
	);
});
