/**
 * What is known of the service's answers beyond the schemas, which take any value of an open set
 * and leave out what the package doesn't use.
 */
import {
	addressNames,
	knownOfPaymentEvents,
	knownOfTransactions,
	nameNames,
	type routes,
} from './source';

export type RouteName = keyof typeof routes;

const agentFields = ['userId', 'initData', 'nonce'];
const pageFields = ['limit', 'offset'];
const proofs = ['signature', 'nonce'];

/** Fields that are expected and not used. Source: SDK, management.ts; proofs.ts. */
export const unusedFields: Partial<Record<RouteName, readonly string[]>> = {
	listAgents: [...pageFields, ...agentFields],
	createAgent: agentFields,
	getAgent: agentFields,
	updateAgent: agentFields,
	listAgentKeys: pageFields,
	listPayments: proofs,
};

type Values = Readonly<Record<string, readonly string[]>>;

const networks = { network: ['base', 'base-sepolia'] };

/** Values that are known of open sets. Source: SDK, agent.ts, types.ts, curated-agent.ts. */
const knownValues: Partial<Record<RouteName, Values>> = {
	listActivity: {
		type: knownOfTransactions.directions,
		status: knownOfTransactions.statuses,
	},
	listPayments: {
		scheme: ['exact', 'deferred'],
		status: knownOfPaymentEvents.statuses,
	},
	getSelf: { status: ['deploying', 'deployed', 'failed'] },
	searchMarketplace: { source: ['catalog', 'bazaar', 'ampersend', 'registry'] },
	getListing: { source: ['catalog', 'bazaar', 'ampersend', 'registry'] },
	getApproval: { status: ['pending', 'resolved', 'rejected', 'blocked'] },
	listHostedEndpoints: networks,
	getHostedEndpoint: networks,
	createHostedEndpoint: networks,
};

/** Text that is micro-USDC, where the schema takes any. Source: `actions/agent/output.ts`. */
const amounts: Partial<Record<RouteName, readonly string[]>> = {
	listAgents: ['balance'],
	createAgent: ['balance'],
	getAgent: ['balance'],
	updateAgent: ['balance'],
};

/** Names that the package prefers to a field's own. Source: `schemas/agentKey.ts`. */
const ofKeys = { address: addressNames.slice(0, -1), name: nameNames.slice(0, -1) };
const moreExact: Partial<Record<RouteName, Values>> = {
	listAgentKeys: ofKeys,
	addAgentKey: ofKeys,
};

export interface Known {
	unused: readonly string[];
	values: Values;
	amounts: readonly string[];
	moreExact: Values;
}

export const knownOf = (name: RouteName): Known => ({
	unused: unusedFields[name] ?? [],
	values: knownValues[name] ?? {},
	amounts: amounts[name] ?? [],
	moreExact: moreExact[name] ?? {},
});

/** Fields with values of an open set: what is new in them is to be seen. */
export const valueFields = [
	...new Set(Object.values(knownValues).flatMap((values) => Object.keys(values))),
];

/** Words that APIs use for the same. */
export const sameWords = [
	['name', 'label', 'title'],
	['status', 'state'],
	['amount', 'value', 'micro', 'usdc'],
	['balance', 'funds'],
	['created', 'added', 'issued', 'timestamp', 'time', 'date', 'ts'],
	['updated', 'modified', 'changed'],
	['expires', 'expiry', 'expiration', 'expired'],
	['receiver', 'recipient', 'seller', 'payee', 'to', 'counterparty', 'merchant'],
	['tx', 'hash', 'transaction'],
	['chain', 'network', 'caip2id', 'caip2'],
	['address', 'account', 'wallet'],
	['limit', 'cap', 'max', 'maximum'],
	['target', 'destination'],
	['minimum', 'min'],
	['remaining', 'reserve', 'left'],
	['next', 'more'],
	['id', 'uuid', 'identifier'],
	['type', 'kind', 'direction'],
	['url', 'link', 'href', 'uri'],
	['total', 'count'],
	['enabled', 'active', 'allowed'],
	['token', 'jwt'],
];

const wordsOf = (name: string): string[] =>
	name
		.slice(0, 100)
		.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
		.toLowerCase()
		.split(/[^a-z0-9]+/)
		.filter((word) => word !== '' && word !== 'at');

/** Whether two names are the same but for letter case and separators. */
export function isSameSpelledOtherwise(one: string, other: string): boolean {
	const letters = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
	return letters(one) === letters(other);
}

/** Words that don't make a name that of something else. */
const plainWords = ['address', 'is', 'micro', 'page', 'usdc', 'value'];

/** Whether two names can mean the same: neither has a word of its own, such as `parent`. */
export function areAlike(one: string, other: string): boolean {
	const [words, others] = [wordsOf(one), wordsOf(other)];
	const isIn = (word: string, among: string[]): boolean =>
		among.some(
			(different) =>
				word === different ||
				sameWords.some((set) => set.includes(word) && set.includes(different)),
		);
	const isCovered = (word: string, among: string[]): boolean =>
		plainWords.includes(word) || isIn(word, among);
	return (
		words.some((word) => isIn(word, others)) &&
		words.every((word) => isCovered(word, others)) &&
		others.every((word) => isCovered(word, words))
	);
}
