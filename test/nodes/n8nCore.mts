/**
 * Runs the nodes in real n8n-core: real helpers, expressions, credential injection and error
 * wrapping. Only the database is missing: a credential is what the test says it is.
 */
import '../regexWithoutClock.mts';

import { ExecutionLifecycleHooks, PollContext, SupplyDataContext, WorkflowExecute } from 'n8n-core';
import {
	// n8n-core exports it only there.
	makeHandleToolInvocation,
} from 'n8n-core/dist/execution-engine/node-execution-context/utils/get-input-connection-data.js';
import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IDataObject,
	IHttpRequestHelper,
	IHttpRequestOptions,
	INode,
	INodeConnections,
	INodeCredentialsDetails,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	IWorkflowExecuteAdditionalData,
	NodeExecutionHint,
	OnError,
	WorkflowActivateMode,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import {
	createRunExecutionData,
	ICredentialsHelper,
	NodeConnectionTypes,
	NodeHelpers,
	Workflow,
} from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { AmpersendAgentApi } from '../../credentials/AmpersendAgentApi.credentials';
import { AmpersendApi } from '../../credentials/AmpersendApi.credentials';
import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';
import { levelEventOutput, triggerEventOutput } from '../../nodes/Ampersend/trigger/output';

export interface ApiKeyFields {
	apiKey: string;
	baseUrl?: string;
}

/** n8n stores the session here. */
export interface AgentCredentialFields {
	environment: string;
	baseUrl?: string;
	agentAddress?: string;
	privateKey: string;
	sessionToken?: string;
}

export type CredentialFields = ApiKeyFields | AgentCredentialFields;

/** Precedes the node under test, which gets exactly the items of the test. */
const source: INodeType = {
	description: {
		displayName: 'Source',
		name: 'source',
		group: ['trigger'],
		version: 1,
		description: '',
		defaults: {},
		inputs: [],
		outputs: ['main'],
		properties: [],
	},
	async execute() {
		return [this.getInputData()];
	},
};

const ampersend = new Ampersend();

/** The same node for an AI agent, as n8n makes one (tool-generation/ai-tools.js). */
const ampersendTool: INodeType = Object.assign(new Ampersend(), {
	description: { ...ampersend.description, name: 'ampersendTool' },
});

const types: Record<string, INodeType> = {
	source,
	ampersend,
	ampersendTool,
	ampersendTrigger: new AmpersendTrigger(),
};

export const nodeTypes: INodeTypes = {
	getByName: (name) => types[name] as INodeType,
	getByNameAndVersion: (name) => types[name] as INodeType,
	getKnownTypes: () => ({}),
};

const credentialTypes: Record<string, ICredentialType> = {
	ampersendApi: new AmpersendApi(),
	ampersendAgentApi: new AmpersendAgentApi(),
};

/** The credentials of a test. */
export class Credentials extends ICredentialsHelper {
	/** What n8n stores in the hidden field, whatever expressions in the others give for an item. */
	#stored: IDataObject = {};

	constructor(private readonly fields: (itemIndex: number) => CredentialFields) {
		super();
	}

	getParentTypes() {
		return [];
	}

	isCredentialUsableByNode() {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		type: string,
		options: IHttpRequestOptions,
	) {
		const authenticate = credentialTypes[type]?.authenticate;
		if (typeof authenticate !== 'function') throw new Error(`${type} has no authenticate`);
		return await authenticate(credentials, options);
	}

	/** As n8n 2.41 does it (credentials-helper.js). */
	async preAuthentication(
		helpers: IHttpRequestHelper,
		credentials: ICredentialDataDecryptedObject,
		type: string,
		_node: INode,
		isExpired: boolean,
	) {
		const { preAuthentication } = credentialTypes[type] ?? {};
		if (!preAuthentication || (credentials.sessionToken !== '' && !isExpired)) return undefined;
		const output = await preAuthentication.call(helpers, credentials);
		this.#stored = output;
		Object.assign(this.fields(0), output);
		return Object.assign(credentials, output);
	}

	async runPreAuthentication() {
		return undefined;
	}

	async getDecrypted(...[, , , , , , values]: Parameters<ICredentialsHelper['getDecrypted']>) {
		const fields = this.fields(values?.itemIndex ?? 0);
		return { baseUrl: '', sessionToken: '', ...this.#stored, ...fields };
	}

	async getCredentials(): Promise<never> {
		throw new Error('not used by the nodes');
	}

	async updateCredentials(_details: INodeCredentialsDetails): Promise<never> {
		throw new Error('not used by the nodes');
	}

	async updateCredentialsOauthTokenData(): Promise<never> {
		throw new Error('not used by the nodes');
	}

	getCredentialsProperties(type: string) {
		return credentialTypes[type]?.properties ?? [];
	}
}

function additionalData(
	workflow: Workflow,
	mode: WorkflowExecuteMode,
	credential: (itemIndex: number) => CredentialFields,
): IWorkflowExecuteAdditionalData {
	const workflowData = {
		id: workflow.id ?? 'test',
		name: 'test',
		active: false,
		activeVersionId: null,
		isArchived: false,
		nodes: [],
		connections: {},
		createdAt: new Date(),
		updatedAt: new Date(),
	};
	return {
		credentialsHelper: new Credentials(credential),
		hooks: new ExecutionLifecycleHooks(mode, 'test', workflowData),
		currentNodeExecutionIndex: 0,
		variables: {},
		restApiUrl: '',
		instanceBaseUrl: '',
		webhookBaseUrl: '',
		webhookWaitingBaseUrl: '',
		webhookTestBaseUrl: '',
		formBaseUrl: '',
		formWaitingBaseUrl: '',
		formTestBaseUrl: '',
		mcpBaseUrl: '',
		mcpTestBaseUrl: '',
	} as Partial<IWorkflowExecuteAdditionalData> as IWorkflowExecuteAdditionalData;
}

export function nodeOf(
	type: 'ampersend' | 'ampersendTool' | 'ampersendTrigger',
	parameters: INodeParameters,
	id: string = type,
): INode {
	const { properties } = (types[type] as INodeType).description;
	const node: INode = {
		id,
		name: 'Under Test',
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		credentials: {
			ampersendApi: { id: '1', name: 'Ampersend' },
			ampersendAgentApi: { id: '2', name: 'Ampersend Agent' },
		},
	};
	const withDefaults = NodeHelpers.getNodeParameters(
		properties,
		parameters,
		true,
		false,
		node,
		(types[type] as INodeType).description,
	);
	return { ...node, parameters: withDefaults ?? parameters };
}

export interface Outcome {
	/** Output items. */
	items: INodeExecutionData[];
	/** Items of the error output, with `onError: 'continueErrorOutput'`. */
	errorItems: INodeExecutionData[];
	/** The error that ended the execution. */
	error?: Error & { description?: string | null; httpCode?: string | null };
	hints: NodeExecutionHint[];
	/** Everything n8n would store of this execution. */
	run: IRun;
}

export interface RunOptions {
	/** A function if its expressions have another value for each item. */
	credential: CredentialFields | ((itemIndex: number) => CredentialFields);
	/** The input items; by default one empty item. */
	input?: IDataObject[];
	onError?: OnError;
	/** How often Retry On Fail runs the node; by default it's off. */
	maxTries?: number;
	/** How often the node runs with the same input, as in a loop. */
	runs?: number;
	/** The stored run of an execution that failed, which n8n retries. */
	retryOf?: IRun;
	timezone?: string;
	/** Whether an AI agent uses the node. */
	isTool?: boolean;
	/** Whether the workflow is published. */
	published?: boolean;
	/** By default a run from the editor. */
	mode?: WorkflowExecuteMode;
	/** Called with the running execution, so a test can cancel it. */
	onStart?: (execution: { cancel(): void }) => void;
}

let executions = 0;

/** Executes the Ampersend node once. Missing parameters get their defaults, as in the editor. */
export async function runNode(parameters: INodeParameters, options: RunOptions): Promise<Outcome> {
	const { credential, input = [{}], onError, timezone = 'UTC', onStart } = options;
	const { isTool = false, published: active = false, mode = 'manual' } = options;
	const { maxTries, runs = 1, retryOf } = options;
	const start: INode = {
		id: 'source',
		name: 'Source',
		type: 'source',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	const type = isTool ? 'ampersendTool' : 'ampersend';
	const node: INode = {
		...nodeOf(type, parameters),
		...(onError && { onError }),
		...(maxTries && { retryOnFail: true, maxTries, waitBetweenTries: 1 }),
	};
	const connection = { node: node.name, type: 'main', index: 0 } as const;
	const workflow = new Workflow({
		id: 'test',
		nodes: [start, node],
		connections: { Source: { main: [Array.from({ length: runs }, () => connection)] } },
		active,
		nodeTypes,
		settings: { executionOrder: 'v1', timezone },
	});
	const credentialOf = typeof credential === 'function' ? credential : () => credential;
	const data = additionalData(workflow, mode, credentialOf);
	data.executionId = String(++executions);
	const execution = new WorkflowExecute(data, mode, {
		version: 1,
		startData: {},
		resultData: { runData: {} },
		executionData: {
			contextData: JSON.parse(JSON.stringify(retryOf?.data.executionData?.contextData ?? {})),
			metadata: {},
			waitingExecution: {},
			waitingExecutionSource: {},
			nodeExecutionStack: [
				{ node: start, data: { main: [input.map((json) => ({ json }))] }, source: null },
			],
		},
	} as never);
	const running = execution.processRunExecutionData(workflow);
	onStart?.(running);
	const run = await running;
	const [result] = run.data.resultData.runData[node.name] ?? [];
	const [items, errorItems] = result?.data?.main ?? [];
	return {
		items: items ?? [],
		errorItems: errorItems ?? [],
		error: (result?.error ?? run.data.resultData.error) as Outcome['error'],
		hints: result?.hints ?? [],
		run,
	};
}

/**
 * The context of any node that uses the credential, including HTTP Request and Custom API
 * Call.
 */
export function openContext(
	credential: CredentialFields,
	parameters: INodeParameters = {},
): PollContext {
	const node = nodeOf('ampersendTrigger', parameters);
	const workflow = new Workflow({
		id: 'test',
		nodes: [node],
		connections: {},
		active: true,
		nodeTypes,
	});
	const data = additionalData(workflow, 'trigger', () => credential);
	return new PollContext(workflow, node, data, 'trigger', 'update');
}

export interface TriggerOptions {
	/** The node's stored data. */
	state?: IDataObject;
	/** The workflow's own static data. */
	global?: IDataObject;
	/** The nodes after the trigger, in a row. */
	nodesAfter?: INode[];
	/**
	 * How long a poll can take, in ms; null in an n8n release that doesn't tell the node. By
	 * default n8n's own 5 minutes.
	 */
	budgetMs?: number | null;
	workflowId?: string;
	nodeId?: string;
}

/** A trigger that the test polls. Its static data can be read and replaced. */
export interface TriggerUnderTest {
	/**
	 * With `activation`, n8n activates it again; without, the poll belongs to the last activation,
	 * as when n8n's in-memory schedule runs it.
	 */
	poll(
		mode?: WorkflowExecuteMode,
		activation?: WorkflowActivateMode,
	): Promise<IDataObject[] | null>;
	/** n8n's static data of the node. */
	readonly state: IDataObject;
	/** How often the node has set something in its static data. */
	readonly writes: number;
	/** Warnings that the node has written to n8n's log. */
	readonly warnings: string[];
	/** What else it has written there. */
	readonly notes: string[];
	/** The credential as the next poll finds it. */
	credential: CredentialFields;
	budgetMs?: number | null;
}

function triggerWorkflow(
	node: INode,
	{ state = {}, global = {}, nodesAfter = [], workflowId = 'test' }: TriggerOptions,
): Workflow {
	const nodes = [node, ...nodesAfter];
	const links = nodesAfter.map(({ name }, i): [string, INodeConnections] => [
		nodes[i]?.name ?? '',
		{ main: [[{ node: name, type: 'main', index: 0 }]] },
	]);
	return new Workflow({
		id: workflowId,
		nodes,
		connections: Object.fromEntries(links),
		active: true,
		nodeTypes,
		staticData: { [`node:${node.name}`]: structuredClone(state), global: structuredClone(global) },
		settings: { executionOrder: 'v1', timezone: 'UTC' },
	});
}

/** Time limit of a poll outside the durable scheduler (n8n-core 2.41, poll-context.js). */
const UNSCHEDULED_BUDGET_MS = 300_000;

interface PollContextOptions {
	mode: WorkflowExecuteMode;
	activation: WorkflowActivateMode;
	/** The node's static data, as the node sees it. */
	staticData: () => IDataObject;
	/** As the poll finds it. */
	trigger: Pick<TriggerUnderTest, 'credential' | 'warnings' | 'notes' | 'budgetMs'>;
}

function pollContext(workflow: Workflow, node: INode, options: PollContextOptions): PollContext {
	const { mode, activation, staticData, trigger } = options;
	const data = additionalData(workflow, mode, () => trigger.credential);
	const context = new PollContext(
		workflow,
		node,
		data,
		mode,
		activation,
		undefined,
		undefined,
		undefined,
		undefined,
		staticData,
		() => trigger.budgetMs ?? UNSCHEDULED_BUDGET_MS,
	);
	if (trigger.budgetMs === null) Reflect.deleteProperty(context, 'getPollBudgetMs');
	const silent = () => {};
	const warn = (message: string) => trigger.warnings.push(message);
	const info = (message: string) => trigger.notes.push(message);
	Object.defineProperty(context, 'logger', {
		value: { debug: silent, info, warn, error: silent },
	});
	return context;
}

const simplifiedEvent = z.partial(triggerEventOutput.schema);
const simplifiedLevel = z.partial(levelEventOutput.schema);

/** The schema of an event: of a payment, or of a level. */
function schemaOf(event: IDataObject) {
	const isPayment = String(event.event).startsWith('payment.');
	const isWhole = isPayment ? 'raw' in event : Object.keys(event).some((key) => /Micro$/.test(key));
	if (isPayment) return isWhole ? triggerEventOutput.schema : simplifiedEvent;
	return isWhole ? levelEventOutput.schema : simplifiedLevel;
}

/** An event without what only events of another kind have, which is null. */
function ownOf(event: IDataObject): IDataObject {
	const shape: Record<string, z.ZodMiniType> = schemaOf(event).shape;
	return Object.fromEntries(
		Object.entries(event).filter(
			([name, value]) => value !== null || shape[name]?.safeParse(undefined).success === false,
		),
	);
}

/** Checks that every event matches the trigger's output schema, and has the fields of all. */
async function pollOf(context: PollContext): Promise<IDataObject[] | null> {
	const output = await new AmpersendTrigger().poll.call(context);
	const events = output?.[0]?.map(({ json }) => json) ?? null;
	for (const event of events ?? []) z.parse(schemaOf(event), ownOf(event));
	const isOfLevels = events?.some(({ event }) => !String(event).startsWith('payment.'));
	const fields = new Set(events?.map((event) => Object.keys(event).join()));
	if (isOfLevels && fields.size > 1) throw new Error(`Other fields: ${[...fields].join('; ')}`);
	return events;
}

/** With every field, unless a test asks for simplified events. */
function triggerNode({ options = {}, ...parameters }: INodeParameters, id?: string): INode {
	const isObject = typeof options === 'object';
	const whole = isObject ? { simplify: false, ...(options as INodeParameters) } : options;
	return nodeOf('ampersendTrigger', { ...parameters, options: whole }, id);
}

export function openTrigger(
	parameters: INodeParameters,
	credential: CredentialFields,
	options: TriggerOptions = {},
): TriggerUnderTest {
	const node = triggerNode(parameters, options.nodeId);
	const workflow = triggerWorkflow(node, options);
	const state = workflow.getStaticData('node', node);
	let writes = 0;
	const watched = new Proxy(state, {
		set(target, name, value) {
			writes++;
			return Reflect.set(target, name, value);
		},
	});
	const openContextFor = (mode: WorkflowExecuteMode, activation: WorkflowActivateMode) =>
		pollContext(workflow, node, { mode, activation, staticData: () => watched, trigger });
	let active: PollContext | undefined;
	const trigger: TriggerUnderTest = {
		credential,
		state,
		get writes() {
			return writes;
		},
		warnings: [],
		notes: [],
		budgetMs: options.budgetMs,
		async poll(mode = 'trigger', activation) {
			if (mode === 'manual') return await pollOf(openContextFor(mode, activation ?? 'manual'));
			if (!active || activation) active = openContextFor(mode, activation ?? 'update');
			return await pollOf(active);
		},
	};
	return trigger;
}

/** A trigger under n8n's durable scheduler, which keeps its cursor in the database. */
export interface DurableTriggerUnderTest {
	/** n8n stores its result only if there is an event. */
	activate(activation?: WorkflowActivateMode): Promise<IDataObject[] | null>;
	/**
	 * A separate poll with a copy of the cursor, which is stored if it has changed and the poll
	 * doesn't throw.
	 */
	poll(): Promise<IDataObject[] | null>;
	/**
	 * A poll of n8n's default scheduler, after durable cursors were switched off: n8n goes on with
	 * the cursor of the database, but has a context for all polls.
	 */
	pollByDefault(): Promise<IDataObject[] | null>;
	/** The cursor in the database. */
	cursor: IDataObject;
	/** The workflow's own static data in the database. */
	global: IDataObject;
	readonly warnings: string[];
	readonly notes: string[];
	credential: CredentialFields;
	/** How long a scheduled poll can take, in ms. */
	budgetMs: number;
}

/**
 * Default time limit of a poll under n8n's scheduler, in ms (n8n 2.41,
 * trigger-execution-context.factory.js).
 */
const SCHEDULED_BUDGET_MS = 36_000;

export function openDurableTrigger(
	parameters: INodeParameters,
	credential: CredentialFields,
	options: Omit<TriggerOptions, 'budgetMs'> & {
		budgetMs?: number;
		/** Whether n8n stores the node's state with the execution. By default it does. */
		hasCursors?: boolean;
	} = {},
): DurableTriggerUnderTest {
	const node = triggerNode(parameters, options.nodeId);
	const copyOf = (cursor: IDataObject) => JSON.parse(JSON.stringify(cursor)) as IDataObject;
	let copy: IDataObject = {};
	let ofPublishing: ReturnType<typeof pollContext> | undefined;
	const poll = async (
		activation: WorkflowActivateMode,
		isScheduled: boolean,
		isByDefault = false,
	) => {
		const { credential, warnings, notes, budgetMs, cursor: state, global } = trigger;
		const workflow = triggerWorkflow(node, { ...options, state, global });
		const { hasCursors = true } = options;
		copy = hasCursors ? copyOf(state) : workflow.getStaticData('node', node);
		const opened = pollContext(workflow, node, {
			mode: 'trigger',
			activation,
			staticData: () => copy,
			trigger: { credential, warnings, notes, ...(isScheduled && { budgetMs }) },
		});
		const context = (isByDefault && ofPublishing) || opened;
		if (!isScheduled) ofPublishing = context;
		const before = JSON.stringify(copy);
		const items = await pollOf(context);
		const isChanged = JSON.stringify(copy) !== before;
		const isStored = hasCursors ? isScheduled || isByDefault || items : !isScheduled || items;
		if (isChanged && isStored) trigger.cursor = copyOf(copy);
		// n8n stores the workflow's static data when it publishes, and with events.
		if (!isScheduled || items) trigger.global = copyOf(workflow.getStaticData('global'));
		return items;
	};
	const trigger: DurableTriggerUnderTest = {
		cursor: copyOf(options.state ?? {}),
		global: copyOf(options.global ?? {}),
		warnings: [],
		notes: [],
		credential,
		budgetMs: options.budgetMs ?? SCHEDULED_BUDGET_MS,
		activate: async (activation = 'activate') => await poll(activation, false),
		poll: async () => await poll('update', true),
		pollByDefault: async () => await poll('update', false, true),
	};
	return trigger;
}

/**
 * The Ampersend tool where n8n runs it within the agent's node (AI Agent before version 3, MCP
 * Server Trigger), and not as a node of its own.
 * @returns what a model's call does: it gives the arguments, and gets text
 */
export function openTool(
	parameters: INodeParameters,
	{
		credential,
		maxTries,
		hasExecution = true,
	}: Pick<RunOptions, 'maxTries'> & {
		credential: CredentialFields;
		/** Not so in an MCP Server Trigger, which runs a tool before its execution begins. */
		hasExecution?: boolean;
	},
): (toolArguments: IDataObject) => Promise<string> {
	const node: INode = {
		...nodeOf('ampersendTool', parameters),
		...(maxTries && { retryOnFail: true, maxTries, waitBetweenTries: 1 }),
	};
	const workflow = new Workflow({
		id: 'test',
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes,
		settings: { executionOrder: 'v1', timezone: 'UTC' },
	});
	const data = additionalData(workflow, 'manual', () => credential);
	if (hasExecution) data.executionId = String(++executions);
	// n8n adds a token to them.
	data.webhookWaitingBaseUrl = data.formWaitingBaseUrl = 'http://127.0.0.1';
	const run = createRunExecutionData({});
	const context = (runIndex: number) =>
		new SupplyDataContext(
			workflow,
			node,
			data,
			'manual',
			run,
			runIndex,
			[{ json: {} }],
			{},
			NodeConnectionTypes.AiTool,
			{ node, data: {}, source: null },
			[],
		);
	return makeHandleToolInvocation(context, node, ampersendTool, run);
}
