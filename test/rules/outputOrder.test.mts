import { describe, expect, it } from '@jest/globals';
import type * as z from 'zod/v4-mini';

import { resources } from '../../nodes/Ampersend/actions/registry';
import type { Simplified } from '../../nodes/Ampersend/domain/simplify';
import {
	levelEventOutput,
	simplifiedLevelEvent,
	simplifiedTriggerEvent,
	triggerEventOutput,
} from '../../nodes/Ampersend/trigger/output';

/** The parts of an item, from left to right. What no pattern fits is the third part. */
const PARTS: Array<[part: string, pattern: RegExp]> = [
	['when', /^(?:occurredAt|month|week|day)$/],
	['what and who', /^(?:event|finding|created|added|removed|deleted|authorized|name|agentName)$/],
	['how much, status, what changed', /(?:)/],
	['addresses', /^(?:counterparty|sellers|payTo|asset)$|address$/i],
	['links', /^(?:url|resource|registryUri)$|Url$/],
	['IDs', /^(?:id|chain|slug|token|nonce|headerName|headerValue|raw)$|(?:Id|nHash|Slug)$/],
];
const REST = 2;

/** It has the fields that it's grouped by. */
const SUMMARY = 'Transaction: Summarize';

/** A screen of the editor's table has six columns. */
const ON_SCREEN = 6;

interface Listed {
	name: string;
	fields: string[];
	simplified?: string[];
}

function partOf(field: string, isSummary: boolean): number {
	// What a summary is grouped by says what its line is about.
	if (isSummary && field === 'counterparty') return 1;
	const found = PARTS.findIndex(([, pattern], part) => part !== REST && pattern.test(field));
	return found === -1 ? REST : found;
}

function listed(name: string, schema: z.ZodMiniType, simplified?: Simplified): Listed[] {
	const { def } = schema as unknown as { def: { options?: z.ZodMiniType[]; shape?: object } };
	if (def.options) {
		return def.options.flatMap((option, i) => listed(`${name} ${i + 1}`, option, simplified));
	}
	return [
		{ name, fields: Object.keys(def.shape ?? {}), simplified: simplified?.fields as string[] },
	];
}

const outputs = [
	...resources.flatMap(({ option: resource, operations }) =>
		operations.flatMap(({ option, output, simplified }) =>
			listed(`${resource.name}: ${option.name}`, output, simplified),
		),
	),
	...listed('Trigger: a payment', triggerEventOutput.schema, simplifiedTriggerEvent),
	...listed('Trigger: a level', levelEventOutput.schema, simplifiedLevelEvent),
];

describe('the fields of an item', () => {
	it.each(outputs)('go from when and who to addresses, links and IDs: $name', (output) => {
		const isSummary = output.name === SUMMARY;
		for (const fields of [output.fields, output.simplified ?? []]) {
			const parts = fields.map((field) => partOf(field, isSummary));
			const shown = fields.map((field, i) => `${PARTS[parts[i] ?? REST]?.[0]}: ${field}`);
			const sorted = parts
				.map((part, i) => ({ part, text: shown[i] }))
				.toSorted((one, other) => one.part - other.part);
			expect(shown).toEqual(sorted.map(({ text }) => text));
		}
	});

	it.each(outputs.filter(({ name, fields }) => fields.includes('status') && name !== SUMMARY))(
		'show the status on the first screen, beside the amount: $name',
		({ fields, simplified = fields }) => {
			const status = simplified.indexOf('status');
			expect(status).toBeGreaterThan(-1);
			expect(status).toBeLessThan(ON_SCREEN);
			const amount = simplified.indexOf('amountUsdc');
			if (amount !== -1) expect(status).toBe(amount + 1);
		},
	);
});
