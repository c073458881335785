import './quiet.mts';

import { afterEach, beforeEach, expect } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { findOperation } from '../../nodes/Ampersend/actions/registry';
import { startEmulator, type Emulator } from '../../tools/emulator/index.mts';
import { runNode, type CredentialFields, type Outcome, type RunOptions } from './n8nCore.mts';

export interface UnderTest {
	/** The service of the running test. */
	readonly emulator: Emulator;
	/** A working credential of that service. */
	readonly credential: CredentialFields;
	/** The routes that were called, in order, without looks behind the end of a list. */
	readonly seen: Array<string | null>;
	/** Executes the Ampersend node once, by default with that credential. */
	run(parameters: INodeParameters, options?: Partial<RunOptions>): Promise<Outcome>;
}

/** An address as messages and pickers show it. */
export const short = (address: string, digits = 4) =>
	`${address.slice(0, 2 + digits)}…${address.slice(-digits)}`;

/** What is said of an agent that the service doesn't know. */
export const noAgent = (address: string) =>
	`Agent: no agent ${short(address)} is visible to this API key.`;

/** Checks that every whole item matches the operation's output schema, and has its order. */
function checkOutput({ resource, operation, simplify }: INodeParameters, { items }: Outcome): void {
	const output = findOperation(String(resource), String(operation))?.output;
	const rows = items.filter(({ json }) => !('error' in json));
	if (!output || simplify !== false) return;
	for (const { json } of rows) {
		const known = Object.keys(z.parse(output, json));
		expect(Object.keys(json).filter((name) => known.includes(name))).toEqual(known);
	}
}

/**
 * A new service for each test of the file. The test fails if the service saw anything that the
 * test didn't declare.
 */
export function useAmpersend(): UnderTest {
	let emulator: Emulator;
	beforeEach(async () => {
		emulator = await startEmulator();
	});
	afterEach(async () => {
		try {
			emulator.assertClean();
		} finally {
			await emulator.close();
		}
	});
	return {
		get emulator() {
			return emulator;
		},
		get credential() {
			return { apiKey: emulator.apiKey, baseUrl: emulator.baseUrl };
		},
		get seen() {
			return emulator.calls.filter(({ isBehindEnd }) => !isBehindEnd).map(({ route }) => route);
		},
		async run(parameters, options = {}) {
			// With every field, unless the test asks for simplified items.
			const whole = { simplify: false, ...parameters };
			const outcome = await runNode(whole, { credential: this.credential, ...options });
			if (!options.isTool) checkOutput(whole, outcome);
			return outcome;
		},
	};
}
