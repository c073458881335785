import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';

/** What a seller does, by the path that is asked for. */
export const behaviours = [
	/** Sells. */
	'normal',
	/** Sells for nothing. */
	'free',
	/** Answers 500 in place of the goods, and takes no payment. */
	'breaks',
	/** Takes the payment, and answers 500. */
	'fails',
	/** Takes the payment, and never answers. */
	'hangs',
	/** Takes the payment, and asks for another one. */
	'asksAgain',
	/** Sends whoever pays to another host (307). */
	'redirects',
	/** Wants twice as much from whoever pays. */
	'raises',
] as const;

export type Behaviour = (typeof behaviours)[number];

/** The path at which the seller itself has the raised price. */
export const RAISED = '/raised';

interface Answer {
	status: number;
	headers: IncomingHttpHeaders;
	body: Buffer;
}

interface Question {
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	body: string;
}

/** Not `fetch`, which sends its own Host, and a seller names its goods by that. */
async function forward(port: number, { method, path, headers, body }: Question): Promise<Answer> {
	return await new Promise((resolve, reject) => {
		const sent = { ...headers, 'content-length': Buffer.byteLength(body) };
		const request = httpRequest({ host: '127.0.0.1', port, method, path, headers: sent }, (got) => {
			const chunks: Buffer[] = [];
			got.on('data', (chunk: Buffer) => chunks.push(chunk));
			got.on('error', reject);
			got.on('end', () =>
				resolve({ status: got.statusCode ?? 0, headers: got.headers, body: Buffer.concat(chunks) }),
			);
		});
		request.on('error', reject).end(body);
	});
}

function pass(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
	const { connection, 'keep-alive': _, 'transfer-encoding': __, ...others } = headers;
	return reply.code(status).headers(others).send(body);
}

const paymentHeaders = ['x-payment', 'payment-signature'];

function unpaid(headers: IncomingHttpHeaders): IncomingHttpHeaders {
	const others = Object.entries(headers).filter(([name]) => !paymentHeaders.includes(name));
	return Object.fromEntries(others);
}

/** Stands before a seller from npm, and does what that can't. */
export class Front {
	readonly #app = fastify();
	/** Of the seller. */
	port = 0;

	/** @param elsewhere a URL on another host */
	constructor(private readonly elsewhere: string) {
		this.#app.removeAllContentTypeParsers();
		this.#app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
			done(null, body),
		);
		this.#app.all('/*', async (request, reply) => await this.#answer(request, reply));
	}

	/** @returns its URL */
	async listen(): Promise<string> {
		await this.#app.listen({ host: '127.0.0.1', port: 0 });
		return `http://127.0.0.1:${(this.#app.server.address() as AddressInfo).port}`;
	}

	async close(): Promise<void> {
		this.#app.server.closeAllConnections();
		await this.#app.close();
	}

	async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const { method, url: path, headers } = request;
		const body = typeof request.body === 'string' ? request.body : '';
		const question: Question = { method, path, headers, body };
		const behaviour = (path.split('?')[0] ?? '').slice(1) as Behaviour;
		const isPaid = paymentHeaders.some((name) => headers[name] !== undefined);
		if (!isPaid) return pass(reply, await forward(this.port, question));
		if (behaviour === 'redirects')
			return reply.code(307).header('location', `${this.elsewhere}${path}`).send();
		if (behaviour === 'raises')
			return pass(reply, await forward(this.port, { ...question, path: RAISED }));
		const answer = await forward(this.port, question);
		// Only a payment that was taken is abused.
		if (answer.status !== 200) return pass(reply, answer);
		if (behaviour === 'fails') return reply.code(500).send({ error: 'Something broke' });
		if (behaviour === 'hangs') return reply.hijack();
		if (behaviour === 'asksAgain')
			return pass(reply, await forward(this.port, { ...question, headers: unpaid(headers) }));
		return pass(reply, answer);
	}
}
