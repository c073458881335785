import type { IDataObject } from 'n8n-workflow';

import { listAgents } from '../../api/paginate';
import { routes } from '../../api/routes';
import type { Client } from '../../api/send';
import { send } from '../../api/send';
import {
	autoTopUpField,
	limitField,
	limits,
	noLimitField,
	readOptionalAmount,
} from '../../descriptions/limits';
import { agentKeyAddressField, readAddressField, sellersField } from '../../descriptions/addresses';
import { parseAddresses } from '../../domain/address';
import { InputRefusal, quote, readChoice, readSwitch, requireText } from '../../domain/input';
import type { Agent } from '../../schemas/agent';
import type { SpendConfigInput } from '../../schemas/spend-config';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { presentAgent } from './present';

const ifExists = {
	displayName: 'If an Agent With This Name Exists',
	name: 'ifAgentExists',
} as const;

const choices = ['create', 'refuse', 'return'] as const;
type Choice = (typeof choices)[number];

const NO_LIMIT = 'Empty means no limit';

async function agentsNamed(client: Client, name: string): Promise<Agent[]> {
	const found: Agent[] = [];
	for await (const agent of listAgents(client)) {
		if (agent.name.trim() === name) found.push(agent);
	}
	return found;
}

function listOf(agents: Agent[]): string {
	return agents.map(({ address }) => address).join(', ');
}

/** The limits to set at creation; null where none is given, as the SDK sends it. */
function readSpendConfig(values: IDataObject): SpendConfigInput | null {
	const autoTopUp = readSwitch(autoTopUpField.displayName, values.autoTopUp);
	const config: SpendConfigInput = {
		auto_topup_allowed: autoTopUp ?? false,
		daily_limit: null,
		monthly_limit: null,
		per_transaction_limit: null,
	};
	let given = autoTopUp !== undefined;
	for (const limit of limits) {
		const micro = readOptionalAmount(values, limit, noLimitField(limit));
		if (micro === undefined) continue;
		config[limit.wire] = micro;
		given = true;
	}
	return given ? config : null;
}

/** Finds the agent to return; undefined where a new one is to be made. @throws InputRefusal */
async function findExisting(
	client: Client,
	name: string,
	choice: Choice,
): Promise<Agent | undefined> {
	if (choice === 'create') return undefined;
	const [first, ...others] = await agentsNamed(client, name);
	if (!first) return undefined;
	const found = [first, ...others];
	if (choice === 'return' && others.length === 0) return first;
	throw new InputRefusal(
		'Name',
		choice === 'return'
			? `${found.length} agents are called ${quote(name)} (${listOf(found)}), so none of them was returned and none created.`
			: `an agent called ${quote(name)} exists already (${listOf(found)}), so none was created.`,
		choice === 'return'
			? 'Rename all but one of them, or use Agent: Get with the address of the one you mean.'
			: `Choose another name, or set ${ifExists.displayName} to Return It or Create Another.`,
	);
}

export const create: Operation = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create an agent',
		description: 'Create an agent with its first key, allowlist and spending limits',
	},
	fields: [
		{
			displayName: 'Name',
			name: 'name',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Research assistant',
			description: 'The name that the dashboard shows',
		},
		agentKeyAddressField,
		{
			...ifExists,
			type: 'options',
			options: [
				{
					name: 'Create Another',
					value: 'create',
					description: 'Names need not be unique: another agent of this name is made',
				},
				{
					name: 'Refuse',
					value: 'refuse',
					description: 'Stop with a message that names the existing agent',
				},
				{
					name: 'Return It',
					value: 'return',
					description: 'Give the existing agent, unchanged: its key, allowlist and limits stay',
				},
			],
			default: 'refuse',
			description: 'What to do so that a workflow which runs twice does not make two agents',
		},
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [
				{ ...sellersField, displayName: 'Allowlist' },
				autoTopUpField,
				...limits.map((limit) => limitField(limit, NO_LIMIT)),
			].sort((one, other) => one.displayName.localeCompare(other.displayName)),
		},
	],

	/** `created` tells a new agent from one that was there. */
	async execute({ n8n, client, itemIndex }): Promise<OperationOutput[]> {
		const name = requireText('Name', n8n.getNodeParameter('name', itemIndex));
		const agentKeyAddress = readAddressField(n8n, agentKeyAddressField, itemIndex);
		const choice = readChoice(
			ifExists.displayName,
			n8n.getNodeParameter(ifExists.name, itemIndex),
			choices,
		);
		const values = n8n.getNodeParameter('additionalFields', itemIndex, {}) as IDataObject;
		const sellers = parseAddresses('Allowlist', values.sellers);
		const body = {
			agent_key_address: agentKeyAddress,
			name,
			spend_config: readSpendConfig(values),
			authorized_sellers: sellers.length > 0 ? sellers : null,
		};
		const existing = await findExisting(client, name, choice);
		const agent = existing ?? (await send(client, routes.createAgent, { path: {}, body }));
		return toItems([{ ...presentAgent(agent), created: existing === undefined }]);
	},
};
