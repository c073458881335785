/** Operations of the node, run by hostile services. */
import type { INodeParameters } from 'n8n-workflow';

import type { Emulator } from '../emulator/index.mts';
import {
	BUYER,
	KEY,
	NEW_KEY,
	NEW_SELLER,
	PLAIN,
	SELLER,
	type Result,
	type Subject,
} from './hostileContract.mts';
import { runNode, type Outcome } from './n8n.mts';

const locator = (value: string, mode = 'address') => ({ __rl: true, mode, value });
const ofBuyer = { agent: locator(BUYER) };
const ofPlain = { agent: locator(PLAIN) };
const history = { agentScope: 'one', ...ofBuyer, returnAll: true };
const listing = { listing: locator('a-listing', 'id') };
const updateAllowlist = (mode: string, seller: string) => ({ ...ofBuyer, mode, sellers: seller });

/** What each operation is run with. */
export const runs: Record<string, INodeParameters[]> = {
	'agent create': [
		{ name: 'new', agentKeyAddress: NEW_KEY },
		{
			name: 'buyer',
			agentKeyAddress: NEW_KEY,
			ifAgentExists: 'return',
		},
	],
	'agent get': [ofBuyer],
	'agent getApproval': [],
	'agent getMany': [{ returnAll: true }],
	'agent requestApproval': [],
	'agent update': [{ ...ofBuyer, name: 'renamed' }],
	'agentKey add': [
		{ ...ofBuyer, agentKeyAddress: NEW_KEY, additionalFields: { keyName: 'third' } },
	],
	'agentKey getApproval': [],
	'agentKey getMany': [{ ...ofBuyer, returnAll: true }],
	'agentKey requestApproval': [],
	'agentKey revoke': [{ ...ofBuyer, agentKey: locator(KEY) }],
	'allowlist get': [ofBuyer, ofPlain],
	'allowlist update': [
		updateAllowlist('add', NEW_SELLER),
		updateAllowlist('remove', SELLER),
		updateAllowlist('replace', NEW_SELLER),
	],
	'autoCollect get': [ofBuyer, ofPlain],
	'autoCollect update': [
		{ ...ofBuyer, updateFields: { threshold: '9' } },
		{
			...ofPlain,
			updateFields: { enabled: true, threshold: '9', targetAddress: SELLER, minimumRemaining: '1' },
		},
	],
	'marketplace get': [listing],
	'marketplace search': [{}],
	'paymentEvent export': [{ ...history }],
	'paymentEvent getMany': [history],
	'spendingLimit get': [ofBuyer, ofPlain],
	'spendingLimit update': [
		{ ...ofBuyer, updateFields: { dailyLimit: '9' } },
		{
			...ofPlain,
			updateFields: {
				dailyLimit: '9',
				monthlyLimit: '90',
				perTransactionLimit: '1',
				autoTopUp: false,
			},
		},
	],
	'transaction export': [history],
	'transaction getMany': [history, { ...history, returnAll: false, limit: 5 }],
	'transaction summarize': [history],
};

const contentOf = ({ items }: Outcome) =>
	items.map(({ json, binary }) => ({
		json,
		file: Object.values(binary ?? {}).map(({ data }) => Buffer.from(data, 'base64').toString()),
	}));

async function runWithKey(parameters: INodeParameters, service: Emulator): Promise<Result> {
	const { apiKey, baseUrl } = service;
	const outcome = await runNode(parameters, { credential: { apiKey, baseUrl } });
	return {
		items: contentOf(outcome),
		error: outcome.error,
		isNoted: outcome.hints.length > 0,
		kept: outcome.run,
		secrets: [apiKey.slice(8)],
	};
}

export const operations = Object.entries(runs).flatMap(([name, all]) => {
	const [resource = '', operation = ''] = name.split(' ');
	return all.map((parameters, i): Subject => {
		const whole = { resource, operation, simplify: false, ...parameters };
		return {
			name: `${name} ${i + 1}`,
			run: async (service) => await runWithKey(whole, service),
		};
	});
});
