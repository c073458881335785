import type { AgentAccess } from './agent.mts';
import { basesOf, valueOf, type Caller, type Check } from './check.mts';
import { isOk } from './judge.mts';

import { isRecord, signInText, signText } from './source';

const textIn = (body: unknown, field: string): string => {
	const value = isRecord(body) ? valueOf(body, field) : undefined;
	return typeof value === 'string' ? value : '';
};

/**
 * Starts a session of an agent, as `api/connection/agentSession.ts` does.
 * @returns undefined if the service doesn't start one; the reason is in `check`
 */
export async function logIn(
	check: Check,
	{ agent, baseUrl, keyAddress, privateKey }: AgentAccess,
): Promise<Caller | undefined> {
	const bases = basesOf(baseUrl);
	const anyone: Caller = { as: 'anyone', bases };
	const start = await check.ask(anyone, 'requestNonce');
	const nonce = textIn(start.body, 'nonce');
	if (!isOk(start) || !/^[A-Za-z0-9]{8,256}$/.test(nonce)) {
		check.stopped.push('GET /agents/auth/nonce gives no nonce to sign: no session was started');
		return undefined;
	}
	const message = signInText({
		origin: new URL(baseUrl).origin,
		address: keyAddress,
		nonce,
		issuedAt: start.date ?? Date.now(),
	});
	const body = {
		message,
		signature: signText(message, privateKey),
		sessionId: textIn(start.body, 'sessionId'),
		agentAddress: agent,
	};
	for (const secret of [body.signature, body.sessionId, nonce]) check.secrets.add(secret);
	const session = await check.ask(anyone, 'logIn', { body });
	const token = textIn(session.body, 'token');
	if (!isOk(session) || !/^[\x21-\x7e]{1,8192}$/.test(token)) {
		check.stopped.push(
			`AMPERSEND_AGENT_KEY: Ampersend starts no session (HTTP ${session.status}). Check that ` +
				'the key is one of the keys of AMPERSEND_AGENT_ADDRESS, in this deployment.',
		);
		return undefined;
	}
	check.secrets.add(token);
	return { as: 'agent', bases, token, agent };
}
