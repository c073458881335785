import { CredentialError } from '../connection/deployments';
import { hideKey } from '../connection/secrets';
import type { Call } from './call';
import { CallError, chainOf, withTexts } from './CallError';
import { errorFor } from './errorFor';
import { duration, oneLine } from './serviceText';

/** Codes for a secure connection that failed: certificates (Node, OpenSSL) and the handshake. */
const NOT_SECURE = /^(EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

function situationOfCode(code = '') {
	if (code === 'ERR_CANCELED') return 'cancelled';
	if (['ENOTFOUND', 'EAI_AGAIN'].includes(code)) return 'unknownHost';
	if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)) return 'noConnection';
	if (['ECONNABORTED', 'ETIMEDOUT'].includes(code)) return 'timedOut';
	return NOT_SECURE.test(code) ? 'notSecure' : 'connectionEnded';
}

function codeOf(error: Error): string | undefined {
	return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * The error for a call that ended without an answer.
 * @param error as n8n's helper threw it; it may hold the request with the key, so `cause` gets only
 * its text
 */
export function errorForNoAnswer(
	call: Call,
	error: unknown,
	timeoutMs: number,
): CallError | CredentialError {
	const chain = chainOf(error);
	const hide = hideKey(call.connection);
	const rejection = chain.find((cause) => cause instanceof CredentialError);
	if (rejection) {
		return new CredentialError(hide(rejection.message), hide(rejection.description));
	}
	const failedLogIn = chain.find((cause) => cause instanceof CallError);
	// It may name the session before, which the login doesn't know.
	if (failedLogIn) return withTexts(failedLogIn, hide);
	const code = chain.map(codeOf).find((found) => found !== undefined);
	const cause = new Error(oneLine(chain.at(-1)?.message ?? String(error), call.connection));
	const facts = { reason: code ?? cause.message, limit: duration(timeoutMs) };
	return errorFor(situationOfCode(code), facts, call, { cause });
}
