// What n8n gives a poll, from real n8n-core. Node.js 24 runs this file as it is.
import { createRequire } from 'node:module';
import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IDataObject,
	IHttpRequestOptions,
	INode,
	INodeType,
	INodeTypes,
	IPollFunctions,
	IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { ADDRESS } from './rows.mts';

const require = createRequire(import.meta.url);
const { PollContext } = require('n8n-core') as typeof import('n8n-core');
// As n8n-core loads it.
const workflowModule = require('n8n-workflow') as typeof import('n8n-workflow');
const { ICredentialsHelper, NodeHelpers, Workflow } = workflowModule;

/** The installed package, as n8n loads it. */
export interface Loaded {
	credentialType: ICredentialType;
	trigger: INodeType;
}

export function load(folder: string): Loaded {
	const { AmpersendApi, AmpersendTrigger } = require(folder) as {
		AmpersendApi: new () => ICredentialType;
		AmpersendTrigger: new () => INodeType;
	};
	return { credentialType: new AmpersendApi(), trigger: new AmpersendTrigger() };
}

/** One stored credential. */
export class Credentials extends ICredentialsHelper {
	private readonly credentialType: ICredentialType;
	private readonly fields: { apiKey: string; baseUrl: string };
	private readonly onRequest: (url: string) => void;

	/**
	 * @param fields its values
	 * @param onRequest hears of each request
	 */
	constructor(
		credentialType: ICredentialType,
		fields: { apiKey: string; baseUrl: string },
		onRequest: (url: string) => void = () => {},
	) {
		super();
		this.credentialType = credentialType;
		this.fields = fields;
		this.onRequest = onRequest;
	}

	getParentTypes() {
		return [];
	}

	isCredentialUsableByNode() {
		return true;
	}

	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		_type: string,
		options: IHttpRequestOptions,
	) {
		const { authenticate } = this.credentialType;
		if (typeof authenticate !== 'function') throw new Error('The credential has no function.');
		this.onRequest(options.url);
		return await authenticate(credentials, options);
	}

	async preAuthentication() {
		return undefined;
	}

	async runPreAuthentication() {
		return undefined;
	}

	async getDecrypted() {
		return this.fields;
	}

	async getCredentials(): Promise<never> {
		throw new Error('not used by the nodes');
	}

	async updateCredentials(): Promise<never> {
		throw new Error('not used by the nodes');
	}

	async updateCredentialsOauthTokenData(): Promise<never> {
		throw new Error('not used by the nodes');
	}

	getCredentialsProperties() {
		return this.credentialType.properties;
	}
}

/** What a poll of n8n's durable scheduler has. */
export interface Scheduled {
	/** A copy of what is stored; the poll changes it. */
	data: IDataObject;
	budgetMs: number;
}

export interface Polled {
	type: INodeType;
	credentials: Credentials;
	/** Of the workflow. */
	id?: string;
	/** Several are chosen by their addresses. */
	scope: string | string[];
	/** Not for a poll at publishing, or one of n8n's default scheduler. */
	scheduled?: Scheduled;
	/** The node's static data at publishing, if it's a plain object, as with durable cursors. */
	published?: IDataObject;
}

function nodeOf({ description }: INodeType, scope: string | string[]): INode {
	const isList = Array.isArray(scope);
	const node: INode = {
		id: 'trigger',
		name: 'Ampersend Trigger',
		type: 'ampersendTrigger',
		typeVersion: 1,
		position: [0, 0],
		parameters: {
			agentScope: isList ? 'selected' : scope,
			...(isList && { agents: scope }),
			...(scope === 'one' && { agent: { __rl: true, mode: 'address', value: ADDRESS } }),
		},
		credentials: { ampersendApi: { id: '1', name: 'Ampersend' } },
	};
	const { properties } = description;
	const { parameters } = node;
	// With the defaults, as the editor stores them.
	node.parameters =
		NodeHelpers.getNodeParameters(properties, parameters, true, false, node, description) ??
		parameters;
	return node;
}

/** As n8n makes it: a new one for each poll of the durable scheduler. */
export function openContext(one: Polled): IPollFunctions {
	const { type, credentials, id = 'bench', scope, scheduled } = one;
	const nodeTypes: INodeTypes = {
		getByName: () => type,
		getByNameAndVersion: () => type,
		getKnownTypes: () => ({}),
	};
	const node = nodeOf(type, scope);
	const workflow = new Workflow({
		id,
		nodes: [node],
		connections: {},
		active: true,
		nodeTypes,
		settings: { timezone: 'UTC' },
	});
	const additional: Partial<IWorkflowExecuteAdditionalData> = {
		credentialsHelper: credentials,
		variables: {},
		restApiUrl: '',
		instanceBaseUrl: '',
	};
	const data = scheduled?.data ?? one.published;
	return new PollContext(
		workflow,
		node,
		additional as IWorkflowExecuteAdditionalData,
		'trigger',
		scheduled ? 'update' : 'activate',
		undefined,
		undefined,
		undefined,
		undefined,
		data && (() => data),
		scheduled && (() => scheduled.budgetMs),
	);
}
