import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { workflowNode, type WorkflowNode } from './n8n.mts';

/**
 * An HTTP server that a workflow posts each event to. What it got is what was acted on, whatever
 * n8n has stored of it.
 */
export class Receiver {
	/** In the order in which they came. */
	readonly requests: Array<{ eventId: string; executionId: string }> = [];

	private isHolding = false;
	private readonly held = new Set<() => void>();

	private constructor(private readonly server: Server) {}

	static async start(): Promise<Receiver> {
		const server = createServer();
		const receiver = new Receiver(server);
		server.on('request', (request, response) => {
			let body = '';
			request.setEncoding('utf8').on('data', (text: string) => {
				body += text;
			});
			request.on('end', () => {
				receiver.requests.push(JSON.parse(body) as (typeof receiver.requests)[number]);
				// The next node gets the event, too.
				const answer = () => {
					response.writeHead(200, { 'content-type': 'application/json' }).end(body);
				};
				if (receiver.isHolding) receiver.held.add(answer);
				else answer();
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return receiver;
	}

	/** Event ids in the order in which they came. */
	get acted(): string[] {
		return this.requests.map(({ eventId }) => eventId);
	}

	/** The node that acts on each item. @param sent which the next node gets */
	node(
		name = 'Act',
		sent = '{ eventId: $json.eventId, executionId: $execution.id }',
	): WorkflowNode {
		const { port } = this.server.address() as AddressInfo;
		return workflowNode({
			name,
			type: 'n8n-nodes-base.httpRequest',
			typeVersion: 4.2,
			parameters: {
				method: 'POST',
				url: `http://127.0.0.1:${port}/`,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: `={{ JSON.stringify(${sent}) }}`,
				options: {},
			},
		});
	}

	/** Takes what comes, and answers when it's released: the execution runs until then. */
	hold(): void {
		this.isHolding = true;
	}

	release(): void {
		this.isHolding = false;
		for (const answer of this.held) answer();
		this.held.clear();
	}

	/** How often each of the events was acted on, in their order. */
	timesOf(eventIds: string[]): number[] {
		const { acted } = this;
		return eventIds.map((eventId) => acted.filter((one) => one === eventId).length);
	}

	async stop(): Promise<void> {
		this.release();
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}
