import { describe, expect, it } from '@jest/globals';

import { outputSchemas } from '../../build/outputSchemas.mts';
import { resources } from '../../nodes/Ampersend/actions/registry';

const schemas = outputSchemas();

describe('The schemas of the editor', () => {
	it('cover every operation, and the trigger', () => {
		const paths = resources.flatMap(({ option, operations }) =>
			operations.map((one) => `__schema__/v1.0.0/${option.value}/${one.option.value}.json`),
		);
		expect([...schemas.keys()].sort()).toEqual([...paths, '__schema__/v1.0.0.json'].sort());
	});

	it.each([...schemas])('give each field a type: %s', (_, { properties }) => {
		expect(Object.keys(properties).length).toBeGreaterThan(0);
		for (const field of Object.values(properties)) expect(field.type).toBeDefined();
	});
});
