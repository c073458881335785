/**
 * Services that differ from the documented one in several things at once. AMPERSEND_CONTRACTS says
 * how many of them.
 */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { combined } from '../../tools/emulator/combined.mts';
import type { Deviation } from '../../tools/emulator/index.mts';
import { complaintUnder, detected, type Subject } from './deviations.mts';
import { credentialTests, pickers } from './deviationsInEditor.mts';
import { operations, sessionOperations } from './deviatingOperations.mts';
import { triggerSubjects } from '../trigger/deviations.mts';

const runs = Number(process.env.AMPERSEND_CONTRACTS ?? 60);
const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
/** What fails isn't made smaller after this, in ms for each run. */
const MAX_MS = 2_000;

const kinds: Subject[][] = [
	operations,
	sessionOperations,
	triggerSubjects,
	pickers,
	credentialTests,
];
const subject = fc.oneof(...kinds.map((all) => fc.constantFrom(...all)));

/** A session that ends in the middle is tested alone: what else differs can end the run before. */
const mixed = detected.filter(({ contract }) => contract.endedSession === undefined);

const several = fc
	.uniqueArray(fc.constantFrom(...mixed), { minLength: 2, maxLength: 4 })
	.map((chosen): Deviation | undefined => {
		const contract = combined(chosen.map((one) => one.contract));
		return (
			contract && { name: chosen.map(({ name }) => name).join(' + '), part: 'answer', contract }
		);
	})
	.filter((one) => one !== undefined);

it(
	`a value as documented, or an error that can be used (AMPERSEND_SEED=${seed})`,
	async () => {
		const property = fc.asyncProperty(subject, several, async (one, deviation) => {
			const complaint = await complaintUnder(one, deviation);
			expect({ subject: one.name, deviation: deviation.name, complaint }).toMatchObject({
				complaint: undefined,
			});
		});
		await fc.assert(property, {
			seed,
			numRuns: runs,
			interruptAfterTimeLimit: runs * MAX_MS,
			markInterruptAsFailure: true,
		});
	},
	runs * MAX_MS + 30_000,
);
