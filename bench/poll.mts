// Polls the installed trigger in real n8n-core while nothing is new, and requests the same page
// without n8n. Node.js 24 runs this file as it is.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	INode,
	INodeType,
	INodeTypes,
	IPollFunctions,
	IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { request } from 'undici';
import { ADDRESS } from './rows.mts';
import type { Counts } from './service.mts';

const require = createRequire(import.meta.url);
const { PollContext } = require('n8n-core') as typeof import('n8n-core');
// As n8n-core loads it.
const workflowModule = require('n8n-workflow') as typeof import('n8n-workflow');
const { ICredentialsHelper, NodeHelpers, Workflow } = workflowModule;

/** Polls before the ones that are measured: an n8n that polls has run for a while. */
const WARM_UP = 5;

interface Package {
	AmpersendApi: new () => ICredentialType;
	AmpersendTrigger: new () => INodeType;
}

/** `one` is a chosen agent; with `all`, a poll lists the agents too. */
const [folder = '', account = '', scope = '', times = ''] = process.argv.slice(2);
const { AmpersendApi, AmpersendTrigger } = require(folder) as Package;
const credentialType = new AmpersendApi();
const trigger = new AmpersendTrigger();

class Credentials extends ICredentialsHelper {
	private readonly fields = {
		apiKey: `sk_test_${randomBytes(16).toString('hex')}`,
		baseUrl: `${account}/v1`,
	};

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
		const { authenticate } = credentialType;
		if (typeof authenticate !== 'function') throw new Error('The credential has no function.');
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
		return credentialType.properties;
	}
}

function openContext(): IPollFunctions {
	const nodeTypes: INodeTypes = {
		getByName: () => trigger,
		getByNameAndVersion: () => trigger,
		getKnownTypes: () => ({}),
	};
	const node: INode = {
		id: 'trigger',
		name: 'Ampersend Trigger',
		type: 'ampersendTrigger',
		typeVersion: 1,
		position: [0, 0],
		parameters: {
			agentScope: scope,
			...(scope === 'one' && { agent: { __rl: true, mode: 'address', value: ADDRESS } }),
		},
		credentials: { ampersendApi: { id: '1', name: 'Ampersend' } },
	};
	const { description } = trigger;
	const { properties } = description;
	const { parameters } = node;
	// With the defaults, as the editor stores them.
	node.parameters =
		NodeHelpers.getNodeParameters(properties, parameters, true, false, node, description) ??
		parameters;
	const workflow = new Workflow({
		id: 'bench',
		nodes: [node],
		connections: {},
		active: true,
		nodeTypes,
		settings: { timezone: 'UTC' },
	});
	const data: Partial<IWorkflowExecuteAdditionalData> = {
		credentialsHelper: new Credentials(),
		variables: {},
		restApiUrl: '',
		instanceBaseUrl: '',
	};
	return new PollContext(
		workflow,
		node,
		data as IWorkflowExecuteAdditionalData,
		'trigger',
		'activate',
	);
}

async function counts(): Promise<Counts> {
	const { body } = await request(`${account}/counts`);
	return (await body.json()) as Counts;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const started = performance.now();
	await work();
	return performance.now() - started;
}

const context = openContext();
/** @returns how many events it emits */
async function poll(): Promise<number> {
	const output = await trigger.poll?.call(context);
	return output?.[0]?.length ?? 0;
}

async function pollIdle(): Promise<void> {
	const events = await poll();
	if (events > 0) throw new Error(`A poll emitted ${events} events while nothing was new.`);
}

await pollIdle();
const polls: number[] = [];
const helper: number[] = [];
const bare: number[] = [];
let [requests, bytes] = [0, 0];
for (let i = -WARM_UP; i < Number(times); i++) {
	const before = await counts();
	const pollMs = await timed(pollIdle);
	const after = await counts();
	const url = new URL(after.lastPath, account).href;
	const helperMs = await timed(async () => {
		const { httpRequestWithAuthentication } = context.helpers;
		await httpRequestWithAuthentication.call(context, 'ampersendApi', { url, json: true });
	});
	const bareMs = await timed(async () => {
		const { body } = await request(url);
		await body.json();
	});
	if (i < 0) continue;
	polls.push(pollMs);
	helper.push(helperMs);
	bare.push(bareMs);
	requests = Math.max(requests, after.requests - before.requests);
	bytes = Math.max(bytes, after.bytes - before.bytes);
}
// So the polls before it did look.
await (await request(`${account}/pay`, { method: 'POST' })).body.dump();
const events = await poll();
if (events !== 1) throw new Error(`A poll emitted ${events} events after one payment.`);
console.log(JSON.stringify({ polls, helper, bare, requests, bytes }));
