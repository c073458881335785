import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { addressOf } from '../../nodes/Ampersend/domain/signIn';
import type { Report } from '../../tools/contract/results.mts';
import { runContract } from '../../tools/contract/run.mts';
import type { Agent, AgentInit, Emulator } from '../../tools/emulator/index.mts';
import { randomAddress, startEmulator } from '../../tools/emulator/index.mts';

/** A service with an agent that has all settings, 250 transactions and a listing. */
export interface Seeded {
	emulator: Emulator;
	agent: Agent;
	/** Of a key that the agent has. */
	privateKey: string;
}

/** @param details of the agent, by the address of its key */
export async function startSeeded(details: (keyAddress: string) => AgentInit): Promise<Seeded> {
	const emulator = await startEmulator();
	const key = randomBytes(32);
	const agent = emulator.addAgent({
		allowlist: [randomAddress()],
		spendConfig: { daily_limit: '5000000', monthly_limit: '50000000' },
		autoCollect: { enabled: true, threshold: '7000000' },
		...details(addressOf(key)),
	});
	emulator.seedActivity(agent, 250);
	emulator.addListing();
	return { emulator, agent, privateKey: key.toString('hex') };
}

export interface Ran {
	code: number | null;
	out: string;
	err: string;
}

/** `npm run contract`, in this process. */
export async function runTool(args: string[], env: Record<string, string>): Promise<Ran> {
	let [out, err] = ['', ''];
	const streams = {
		out: (text: string) => void (out += text),
		err: (text: string) => void (err += text),
	};
	const code = await runContract(args, env, streams);
	return { code, out, err };
}

export const reportOf = ({ out }: Ran): Report & { result: string } =>
	JSON.parse(out) as Report & { result: string };

/** What a route's findings say. */
export const textsOf = (ran: Ran, route: string): string[] =>
	reportOf(ran)
		.routes.filter((one) => one.route === route)
		.flatMap(({ findings }) => findings.map(({ text }) => text));

/** What differs about a route and isn't in a shape. */
export const factsOf = (ran: Ran, route: string): string[] =>
	reportOf(ran)
		.facts.filter((one) => one.route === route && one.verdict === 'differs')
		.map(({ subject, found }) => `${subject}: ${found}`);

export interface Sent {
	status: number;
	headers: Record<string, string>;
	body: Buffer;
}

export interface Front {
	url: string;
	close: () => Promise<void>;
}

/** A proxy that changes what the service sends, also below JSON. */
export async function startFront(
	to: string,
	change: (sent: Sent, path: string) => Sent,
): Promise<Front> {
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => void chunks.push(chunk));
		request.on('end', () => void pass(Buffer.concat(chunks)));
		const pass = async (body: Buffer): Promise<void> => {
			const { authorization, 'content-type': type } = request.headers;
			const answer = await fetch(new URL(request.url ?? '', to), {
				method: request.method ?? 'GET',
				headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
				...(body.length > 0 && { body: new Uint8Array(body) }),
			});
			const sent = {
				status: answer.status,
				headers: { 'content-type': answer.headers.get('content-type') ?? '' },
				body: Buffer.from(await answer.arrayBuffer()),
			};
			const changed = change(sent, new URL(request.url ?? '', to).pathname);
			response.writeHead(changed.status, changed.headers).end(changed.body);
		};
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}${new URL(to).pathname}`,
		close: async () => {
			server.closeAllConnections();
			await new Promise<void>((resolve) => void server.close(() => resolve()));
		},
	};
}
