import type {
	IDataObject,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';

import { isSandbox } from './api/deployments';
import { CallError, toNodeError } from './api/errors';
import type { Client } from './api/send';
import { openClient } from './api/send';
import { agentScopeFields, agentScopeParameter, readAgentScope } from './descriptions/agentScope';
import { authenticationField, readAuthentication } from './descriptions/authentication';
import { simplify } from './domain/simplify';
import { credentialTest } from './methods/credentialTest';
import { listSearch } from './methods/listSearch';
import { loadOptions } from './methods/loadOptions';
import {
	eventFiltersField,
	eventOptionsField,
	eventsField,
	readEventFilter,
	readEventOptions,
} from './trigger/parameters';
import { lastingGap } from './trigger/gaps';
import { simplifiedTriggerEvent, toTriggerEventOutput } from './trigger/output';
import type { FoundEvent, PollSettings } from './trigger/poll';
import { isPassing, pollActivity, sampleActivity } from './trigger/poll';
import { reportGaps, reportUnknownEvents, warn } from './trigger/report';
import {
	forgetHandover,
	handedOver,
	handOver,
	inTurn,
	isActivation,
	isDurable,
	pollBudget,
	thisProcess,
} from './trigger/scheduler';
import { readState, writeState } from './trigger/state';

/** Waiting for a retry must leave time for the rest of a poll. */
const RETRY = { attempts: 3, budgetMs: 20_000 };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Share of n8n's budget that is left for deciding and storing. */
const RESERVE = 0.1;

/** Rows dated further in the future than this, in ms, don't count as the newest of their agent. */
const FUTURE_MS = DAY_MS;

interface TriggerSettings extends PollSettings {
	isSimple: boolean;
}

/** @throws ParameterError that names the invalid parameter */
function readSettings(context: IPollFunctions, now: number): TriggerSettings {
	const options = readEventOptions(context);
	const { existingDays, lookBackMinutes, mostEvents, isSimple, repeatsLastBatch } = options;
	const get = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, fallback);
	const budgetMs = pollBudget(context);
	return {
		agents: readAgentScope(get),
		agentsParameter: agentScopeParameter(get),
		filter: readEventFilter(context),
		now,
		...(existingDays > 0 && { existingSince: now - existingDays * DAY_MS }),
		lookBackMs: lookBackMinutes * MINUTE_MS,
		horizon: now + FUTURE_MS,
		mostEvents,
		deadline: now + budgetMs * (1 - RESERVE),
		end: now + budgetMs,
		...(repeatsLastBatch && { process: thisProcess }),
		isSimple,
	};
}

function toOutput(events: FoundEvent[], isSimple: boolean): INodeExecutionData[][] | null {
	const items = events.map((event) => {
		const whole = toTriggerEventOutput(event);
		const json = isSimple ? simplify(whole, simplifiedTriggerEvent) : whole;
		return { json: json as IDataObject };
	});
	return items.length > 0 ? [items] : null;
}

interface PollRun {
	node: string;
	activation: boolean;
	isMine: () => boolean;
}

/**
 * Reads, decides, and writes the state once at the end, so a poll that throws leaves it unchanged.
 * @returns null if nothing is new
 */
async function pollOnce(
	context: IPollFunctions,
	client: Client,
	settings: TriggerSettings,
	{ node, activation, isMine }: PollRun,
): Promise<INodeExecutionData[][] | null> {
	const stored = context.getWorkflowStaticData('node');
	if (stored.cursor !== undefined) forgetHandover(node);
	const before = stored.cursor ?? (isDurable(context) ? handedOver(node) : undefined);
	const read = readState(before);
	const state = read === 'unreadable' ? undefined : read;
	if (read === 'unreadable') {
		warn(context, "the stored position can't be read, so the trigger takes a new baseline");
		// Some existing events may already have been emitted.
		settings.existingSince = undefined;
	}
	try {
		const result = await pollActivity(client, state, settings);
		if (!isMine()) return null;
		const { stored: next, shortened } = writeState(result.state);
		if (shortened.length > 0) {
			warn(
				context,
				'too many payments to remember. Late payments, and changes to older ones, may not be ' +
					`emitted for ${shortened.join(', ')}`,
			);
		}
		reportGaps(context, result);
		if (activation) reportUnknownEvents(context, settings.filter, result.state);
		const isStored = stored.cursor !== undefined && !activation;
		const gap = lastingGap(node, settings.now, isStored ? state : undefined, result);
		if (gap) throw toNodeError(context.getNode(), gap);
		stored.cursor = next;
		if (activation && before === undefined) handOver(node, next);
		return toOutput(result.events, settings.isSimple);
	} catch (error) {
		if (activation && error instanceof CallError && isPassing(error)) {
			reportUnknownEvents(context, settings.filter, state);
			warn(context, `published, but the first poll failed and will be retried: ${error.message}`);
			return null;
		}
		throw toNodeError(context.getNode(), error);
	}
}

export class AmpersendTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Ampersend Trigger',
		name: 'ampersendTrigger',
		icon: { light: 'file:ampersend.svg', dark: 'file:ampersend.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle:
			'={{ [].concat($parameter["events"]).join(", ").replaceAll("payment.", "")' +
			'.replace(/^$|.*\\*.*/, "all payment events") }}',
		description: 'Starts the workflow when a payment of an AI agent arrives or changes its status',
		defaults: { name: 'Ampersend Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 'ampersendApi',
				required: true,
				testedBy: 'ampersendApiTest',
				displayOptions: { show: { authentication: ['apiKey'] } },
			},
			{
				name: 'ampersendAgentApi',
				required: true,
				testedBy: 'ampersendAgentApiTest',
				displayOptions: { show: { authentication: ['agentSession'] } },
			},
		],
		properties: [
			authenticationField,
			eventsField,
			...agentScopeFields,
			eventFiltersField,
			eventOptionsField,
		],
	};

	methods = { credentialTest, loadOptions, listSearch };

	/** docs/trigger-guarantees.md says what this promises. */
	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		try {
			const settings = readSettings(this, Date.now());
			const { deadline, isSimple } = settings;
			const authentication = readAuthentication(this.getNodeParameter('authentication', 'apiKey'));
			const noted = new Set<string>();
			// n8n shows no hint of a trigger.
			const note = (message: string): void => {
				if (!noted.has(message)) this.logger.info(`${this.getNode().name}: ${message}`);
				noted.add(message);
			};
			const client = await openClient(this, { authentication, retry: RETRY, deadline, note });
			const { agent } = client.connection;
			if (agent !== undefined) settings.agents = [agent];
			if (this.getMode() === 'manual') {
				return toOutput(await sampleActivity(client, settings), isSimple);
			}
			const node = `${this.getWorkflow().id}:${this.getNode().id}:${client.connection.baseUrl}`;
			const stored = this.getWorkflowStaticData('node');
			const activation = isActivation(this, stored);
			if (activation && isSandbox(client.connection)) {
				this.logger.info(
					`${this.getNode().name}: published with a credential for the sandbox, ` +
						'where no real USDC is paid',
				);
			}
			return await inTurn(
				{ node, stored, activation, durable: isDurable(this), budgetMs: pollBudget(this) },
				async (isMine) => await pollOnce(this, client, settings, { node, activation, isMine }),
			);
		} catch (error) {
			throw toNodeError(this.getNode(), error);
		}
	}
}
