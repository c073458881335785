import * as z from 'zod/v4-mini';

import { addressKey } from '../domain/address';
import { atLeast0, percentOf } from '../domain/budget';
import { movedBy } from '../domain/moved';
import { simplifiedTo } from '../domain/simplify';
import { toIso } from '../domain/time';
import { outputOf, outputsOf, text, textOrNull } from '../outputs/output';
import { eventFields, transactionFields, transactionLinks } from '../outputs/transaction';
import type { Activity } from '../schemas/activity';
import type { FoundLevel } from './levelPoll';
import { levelEventId, nameOfLevel } from './levels';
import type { FoundEvent } from './poll';

/** A payment event, and what an earlier event of the payment has moved, in micro-USDC. */
type ShownEvent = FoundEvent & { movedBefore: bigint };

const { amount, amounts, computed, copied } = outputsOf<Activity, ShownEvent>();

const { occurredAt, ...others } = transactionFields;

/** A payment event: a transaction, and what happened to it. */
export const triggerEventOutput = outputOf({
	occurredAt,
	/** Such as `payment.denied`. */
	event: computed(text, ({ status }) => `payment.${status}`),
	...others,
	/**
	 * Signed, and what is new since the payment's last event: its events add up to what it has moved,
	 * with the exceptions in docs/trigger-guarantees.md (Amounts).
	 */
	...amounts({ moved: amount(text, (_, { row, movedBefore }) => movedBy(row) - movedBefore) }),
	/** Null for a new payment. */
	previousStatus: computed(textOrNull, (_, { previousStatus }) => previousStatus),
	...transactionLinks,
	activityId: copied('id', text),
	/** Always the same for an event: transaction id, status and agent address. */
	eventId: computed(
		text,
		({ id, status, agent_address }) => `${id}:${status}:${addressKey(agent_address)}`,
	),
	/** The row as the service sent it. */
	raw: computed(z.unknown(), (wire) => wire),
});

export const simplifiedTriggerEvent = simplifiedTo(
	triggerEventOutput.schema,
	['occurredAt', 'event', ...eventFields],
	'eventId',
);

const ofLevel = outputsOf<object, FoundLevel>();

/** An amount of a level that not every event has. */
const amountOfLevel = (name: 'balance' | 'limit' | 'used') =>
	ofLevel.amount(z.optional(text), (_, { event }) => event[name]);

/** A balance that is low, or a limit that is used up to a percentage. */
export const levelEventOutput = outputOf({
	/** When the poll saw it. ISO 8601, UTC. */
	occurredAt: ofLevel.computed(text, (_, { event }) => toIso(event.at)),
	/** `balance.low` or `budget.used`. */
	event: ofLevel.computed(text, (_, { event }) => nameOfLevel(event)),
	agentName: ofLevel.computed(text, (_, { agent }) => agent.name),
	...ofLevel.amounts({ balance: amountOfLevel('balance') }),
	/** Null for an agent without a daily limit, if *Balance Below* isn't set. */
	...ofLevel.amounts({
		threshold: ofLevel.amount(z.optional(textOrNull), (_, { event }) => event.threshold),
	}),
	/** Of the limit: `day` or `month`, in UTC. */
	period: ofLevel.computed(z.optional(text), (_, { event: { kind } }) =>
		kind === 'low' ? undefined : kind,
	),
	...ofLevel.amounts({
		limit: amountOfLevel('limit'),
		used: amountOfLevel('used'),
		remaining: ofLevel.amount(z.optional(text), (_, { event: { limit, used } }) =>
			limit && used ? atLeast0(BigInt(limit) - BigInt(used)) : undefined,
		),
	}),
	/** With two decimals, rounded down. */
	usedPercent: ofLevel.computed(z.optional(z.number()), (_, { event: { limit, used } }) =>
		limit && used ? percentOf(BigInt(used), BigInt(limit)) : undefined,
	),
	/** `service`: its own count, in an agent's session. `activity`: the agent's payments. */
	source: ofLevel.computed(z.optional(text), (_, { event: { source } }) => source),
	agentAddress: ofLevel.computed(text, (_, { agent }) => agent.address),
	/** Always the same for a crossing: event, agent address, period and number. */
	eventId: ofLevel.computed(text, (_, { event }) => levelEventId(event)),
});

export const simplifiedLevelEvent = simplifiedTo(
	levelEventOutput.schema,
	[
		'occurredAt',
		'event',
		'agentName',
		'balanceUsdc',
		'thresholdUsdc',
		'period',
		'limitUsdc',
		'usedUsdc',
		'remainingUsdc',
		'usedPercent',
		'source',
		'agentAddress',
	],
	'eventId',
);
