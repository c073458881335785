import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import {
	resolveAgentConnection,
	SessionCalls,
	type AgentFields,
} from '../../nodes/Ampersend/api/connection/agentConnection';
import type { HttpAnswer } from '../../nodes/Ampersend/api/request';
import { writeSession } from '../../nodes/Ampersend/domain/session';

const answer = (statusCode: number): HttpAnswer => ({ statusCode, headers: {}, body: {} });

/** n8n with a credential whose session the service has ended. */
async function setUp(newer?: string) {
	const fields: AgentFields = {
		environment: 'sandbox',
		agentAddress: `0x${'1'.repeat(40)}`,
		privateKey: `0x${randomBytes(32).toString('hex')}`,
	};
	const connection = await resolveAgentConnection(fields);
	const { madeFor } = connection;
	const sessionOf = (token: string) =>
		writeSession({ token, endsAt: Date.now() + 60_000, madeFor });
	fields.sessionToken = sessionOf('ended');
	let stored = sessionOf(newer ?? 'ended');
	let valid = newer ?? '';
	let logins = 0;
	const reread = async (): Promise<AgentFields> => {
		await sleep(Math.random() * 4);
		return { sessionToken: stored };
	};
	const calls = new SessionCalls({ fields, reread }, connection);
	return {
		get logins() {
			return logins;
		},
		async call(): Promise<HttpAnswer> {
			const send = async () => {
				if (connection.token === '') {
					logins++;
					await sleep(Math.random() * 4);
					valid = `session ${logins}`.replace(' ', '-');
					fields.sessionToken = sessionOf(valid);
					stored = fields.sessionToken as string;
				}
				const { token } = connection;
				await sleep(Math.random() * 4);
				return answer(token === 'ended' ? 401 : 200);
			};
			return await calls.make({ send });
		},
	};
}

describe('calls side by side whose session has ended', () => {
	it('all succeed', async () => {
		for (let round = 0; round < 50; round++) {
			const n8n = await setUp();
			const calls = Array.from({ length: 6 }, async () => {
				await sleep(Math.random() * 8);
				return (await n8n.call()).statusCode;
			});
			expect(await Promise.all(calls)).toEqual([200, 200, 200, 200, 200, 200]);
		}
	});

	it('take the session that another run has stored', async () => {
		const n8n = await setUp('newer');
		const calls = Array.from({ length: 6 }, async () => (await n8n.call()).statusCode);
		expect(await Promise.all(calls)).toEqual([200, 200, 200, 200, 200, 200]);
		expect(n8n.logins).toBe(0);
	});
});
