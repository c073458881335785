/** The trigger, which polls hostile services. */
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import type { Emulator } from '../../tools/emulator/index.mts';
import { BUYER, NOW, OTHER_SELLER, type Result, type Subject } from '../nodes/deviations.mts';
import { secretsOf, sessionOf } from '../nodes/deviatingOperations.mts';
import { openTrigger, type CredentialFields, type TriggerUnderTest } from '../nodes/n8nCore.mts';

/** New payments before each of two polls. */
const PAID = [['first', 'second'], ['third'], []];
const PAID_IN_ALL = PAID.flat().length;

function pay(service: Emulator, id: string, number: number): void {
	service.pay({
		agent: BUYER,
		id,
		// Behind the seeded ones, and before now.
		timestamp: NOW - 30_000 + number * 1000,
		amountMicro: BigInt(2_000_000 + number),
		counterparty: OTHER_SELLER,
		status: 'settled',
		txHash: `0x${'ab'.repeat(32)}`,
	});
}

type Problem = Result['error'];

/** A poll's events, and what it throws. */
async function pollOf(trigger: TriggerUnderTest, isFirst: boolean) {
	try {
		const events = await trigger.poll('trigger', isFirst ? 'activate' : undefined);
		return { events: events ?? [] };
	} catch (error) {
		return { events: [], error: error as Problem };
	}
}

async function polled(trigger: TriggerUnderTest, service: Emulator) {
	const events: IDataObject[] = [];
	let error = (await pollOf(trigger, true)).error;
	let number = 0;
	for (const ids of PAID) {
		for (const id of ids) pay(service, id, number++);
		const poll = await pollOf(trigger, false);
		events.push(...poll.events);
		error = poll.error ?? error;
	}
	return { events, error };
}

let triggers = 0;

async function run(
	service: Emulator,
	parameters: INodeParameters,
	credential: CredentialFields,
): Promise<Omit<Result, 'secrets'>> {
	const trigger = openTrigger(parameters, credential, { workflowId: `hostile ${triggers++}` });
	const { events, error } = await polled(trigger, service);
	const { warnings, notes, state } = trigger;
	// n8n's log is where a trigger says what it couldn't read.
	const [logged] = warnings.map((text): Problem => ({ message: text, description: text }));
	return {
		items: events,
		error: events.length >= PAID_IN_ALL ? undefined : (error ?? logged),
		isNoted: [...warnings, ...notes].some((text) => /in its answer|has not moved/.test(text)),
		kept: { state, warnings, notes, events, error: error && { ...error, ...textsOf(error) } },
	};
}

const textsOf = ({ message, description }: NonNullable<Problem>) => ({ message, description });

const chosen = { agentScope: 'selected', agents: [BUYER] };

const withKey = (parameters: INodeParameters): Subject['run'] =>
	async function (service) {
		const { apiKey, baseUrl } = service;
		const result = await run(service, parameters, { apiKey, baseUrl });
		return { ...result, secrets: [apiKey.slice(8)] };
	};

export const triggerSubjects: Subject[] = [
	{ name: 'trigger with an API key', run: withKey(chosen) },
	{
		name: 'trigger in a session',
		async run(service, ending) {
			const credential = await sessionOf(service, ending);
			const result = await run(service, { authentication: 'agentSession' }, credential);
			return { ...result, secrets: secretsOf(service) };
		},
	},
];
