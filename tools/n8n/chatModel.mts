import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Rig } from './rig.mts';
import type { Execution, StoredWorkflow, Workflow } from './n8n.mts';

/** What of a request to `POST /chat/completions` the script and the tests look at. */
const chatRequest = z.object({
	/** n8n streams only where a chat waits for the answer. */
	stream: z.literal(false).optional(),
	messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
	tools: z.array(
		z.object({
			function: z.object({
				name: z.string(),
				description: z.string(),
				parameters: z.object({
					properties: z.record(z.unknown()),
					required: z.array(z.string()).optional(),
				}),
			}),
		}),
	),
});

export type Tool = z.infer<typeof chatRequest>['tools'][number]['function'];

/** A call of a tool, or the answer that ends the conversation. */
export type Reply = { tool: string; arguments: Record<string, unknown> } | string;

/** One reply of the model. @param result what the last tool returned, as n8n words it */
export type Turn = (result: string) => Reply;

/**
 * A chat model that follows a script, behind the API of OpenAI on this machine. @see
 * https://platform.openai.com/docs/api-reference/chat/create
 */
export class ScriptedModel {
	/** What n8n offered with the last request. */
	tools: Tool[] = [];

	/** What the tools returned, in the order of the calls. */
	results: string[] = [];

	private turns: Turn[] = [];

	private readonly apiKey = randomBytes(18).toString('hex');

	private constructor(private readonly server: FastifyInstance) {}

	static async start(): Promise<ScriptedModel> {
		const server = fastify();
		const model = new ScriptedModel(server);
		server.post('/v1/chat/completions', (request, reply) => model.answer(request, reply));
		await server.listen({ host: '127.0.0.1', port: 0 });
		return model;
	}

	/** The values of an OpenAI credential. */
	get credential() {
		const { port } = this.server.server.address() as AddressInfo;
		return { apiKey: this.apiKey, url: `http://127.0.0.1:${port}/v1` };
	}

	/** Begins a new script. */
	play(...turns: Turn[]): void {
		this.turns = turns;
		this.results = [];
	}

	async stop(): Promise<void> {
		await this.server.close();
	}

	private answer({ headers, body }: FastifyRequest, reply: FastifyReply): object {
		const turn = this.turns.shift();
		if (headers.authorization !== `Bearer ${this.apiKey}`) return reject(reply, 'Unknown key');
		if (turn === undefined) return reject(reply, 'The script of the model has ended');
		const parsed = chatRequest.safeParse(body);
		if (!parsed.success) return reject(reply, parsed.error.message);
		const { messages, tools } = parsed.data;
		this.tools = tools.map((tool) => tool.function);
		const last = messages.at(-1);
		const result = last?.role === 'tool' ? String(last.content) : '';
		if (last?.role === 'tool') this.results.push(result);
		try {
			return completion(turn(result));
		} catch (error) {
			return reject(reply, `The script of the model: ${String(error)}`);
		}
	}
}

/** n8n doesn't repeat a request with this status, and shows the message. */
function reject(reply: FastifyReply, message: string): object {
	reply.code(400);
	return { error: { message, type: 'invalid_request_error' } };
}

function completion(reply: Reply): object {
	const isText = typeof reply === 'string';
	const id = randomBytes(8).toString('hex');
	const message = isText
		? { role: 'assistant', content: reply }
		: {
				role: 'assistant',
				content: null,
				tool_calls: [
					{
						id: `call_${id}`,
						type: 'function',
						function: { name: reply.tool, arguments: JSON.stringify(reply.arguments) },
					},
				],
			};
	return {
		id: `chatcmpl-${id}`,
		object: 'chat.completion',
		created: Math.floor(Date.now() / 1000),
		model: 'scripted',
		choices: [{ index: 0, message, finish_reason: isText ? 'stop' : 'tool_calls' }],
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	};
}

const CHAT = '@n8n/n8n-nodes-langchain.chatTrigger';

/** Runs a workflow as if the text came in its chat: the trigger has it as pinned data. */
export async function chat(rig: Rig, workflow: Workflow, text: string): Promise<Execution> {
	const [imported, trigger] = await importChat(rig, workflow, text);
	return await rig.n8n.run(imported, trigger);
}

/** The same, with the workflow published: a tool calls a workflow only if it is. */
export async function chatPublished(
	rig: Rig,
	workflow: Workflow,
	text: string,
): Promise<Execution> {
	const [imported, trigger] = await importChat(rig, workflow, text);
	const published = await rig.n8n.activate(imported);
	try {
		return await rig.n8n.run(published, trigger);
	} finally {
		await rig.n8n.deactivate(published);
	}
}

async function importChat(
	{ n8n }: Rig,
	workflow: Workflow,
	text: string,
): Promise<[StoredWorkflow, string]> {
	const trigger = workflow.nodes.find(({ type }) => type === CHAT);
	if (trigger === undefined) throw new Error(`"${workflow.name}" has no chat trigger.`);
	const message = { json: { sessionId: 'one', action: 'sendMessage', chatInput: text } };
	const pinned = { ...workflow, pinData: { [trigger.name]: [message] } };
	return [await n8n.importWorkflow(pinned), trigger.name];
}
