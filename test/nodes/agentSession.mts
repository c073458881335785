import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, expect } from '@jest/globals';
import type { INodeParameters } from 'n8n-workflow';

import { addressOf } from '../../nodes/Ampersend/domain/signIn';
import type { Agent, Emulator } from '../../tools/emulator/index.mts';
import type { AgentCredentialFields, Outcome } from './n8nCore.mts';
import type { UnderTest } from './setup.mts';

/** A new private key, as the credential has it. */
export const newPrivateKey = (): string => `0x${randomBytes(32).toString('hex')}`;

export const addressOfKey = (privateKey: string): string =>
	addressOf(Buffer.from(privateKey.slice(2), 'hex'));

/** The credential of an agent that has this key. */
export const credentialOf = (
	emulator: Emulator,
	{ address }: Agent,
	privateKey: string,
): AgentCredentialFields => ({
	environment: 'other',
	baseUrl: emulator.agentBaseUrl,
	agentAddress: address,
	privateKey,
});

export interface AgentUnderTest {
	/** The agent of the running test. */
	readonly agent: Agent;
	/** A working credential of that agent. */
	readonly credential: AgentCredentialFields;
	/** Executes the Ampersend node once, in a session of the agent. */
	run(parameters: INodeParameters, credential?: AgentCredentialFields): Promise<Outcome>;
}

/**
 * A credential after someone edits and saves it. n8n sends the hidden field to the editor as a
 * placeholder, gets it back, and keeps what was stored (credentials.service.js, `unredact`).
 */
export const savedOver = (
	stored: AgentCredentialFields,
	changes: Partial<AgentCredentialFields>,
): AgentCredentialFields => {
	expect(stored.sessionToken).toMatch(/./);
	return { ...stored, ...changes };
};

/** What an agent calls to log in. */
export const LOGIN = ['GET /agents/auth/nonce', 'POST /agents/auth/login'];

/**
 * A new agent for each test, with the credential of its session. The test fails if the private key
 * or a token is in what the service received or n8n would store.
 */
export function useAgentSession(service: UnderTest): AgentUnderTest {
	let agent: Agent;
	let credential: AgentCredentialFields;
	beforeEach(() => {
		const privateKey = newPrivateKey();
		agent = service.emulator.addAgent({
			name: 'buyer',
			balanceMicro: 12_500_000n,
			keys: [addressOfKey(privateKey)],
			allowlist: [addressOfKey(newPrivateKey())],
			spendConfig: { daily_limit: '5000000', monthly_limit: null },
			autoCollect: { enabled: true, threshold: '7000000' },
		});
		credential = credentialOf(service.emulator, agent, privateKey);
	});
	afterEach(() => {
		const received = JSON.stringify(service.emulator.calls).toLowerCase();
		expect(received).not.toContain(credential.privateKey.slice(2));
	});
	return {
		get agent() {
			return agent;
		},
		get credential() {
			return credential;
		},
		async run(parameters, fields = credential) {
			const outcome = await service.run(
				{ authentication: 'agentSession', ...parameters },
				{ credential: fields },
			);
			const stored = JSON.stringify(outcome.run);
			for (const secret of [fields.privateKey.slice(2), ...service.emulator.sessionTokens()]) {
				if (secret) expect(stored).not.toContain(secret);
			}
			return outcome;
		},
	};
}

export const jsonOf = ({ items, error }: Outcome) => {
	expect(error).toBeUndefined();
	return items.map(({ json }) => json);
};
