import type { INodeProperties, INodePropertyMode, INodePropertyModeValidation } from 'n8n-workflow';

import type { Address } from '../domain/address';
import { parseLocator } from '../domain/address';
import { parseIdentifier } from '../domain/identifier';
import { valueOf } from '../domain/parameter';
import { asOwner } from './authentication';
import type { Read } from './reader';

type Field = Pick<INodeProperties, 'displayName' | 'name' | 'description'>;

/**
 * What the editor checks while the user types, and n8n before it runs the node. It lets through all
 * that the node can read, and nothing at all: whether that will do is another question.
 */
function validationOf(
	{ displayName }: Field,
	regex: string,
	what: string,
): INodePropertyModeValidation {
	const errorMessage = `${displayName}: ${what}`;
	return { type: 'regex', properties: { regex: `(?:${regex}|\\s*)`, errorMessage } };
}

/** A private key, or the hash of a transaction. */
const LIKE_KEY = '\\s*(?:0x)?[0-9a-fA-F]{64}\\s*';

/** Text with an address in it. More digits are something else, such as a private key. */
const WITH_ADDRESS = '[\\s\\S]*0x[0-9a-fA-F]{40}(?:[^0-9a-fA-F][\\s\\S]*)?';
const NO_KEY = `(?!${LIKE_KEY}$)[\\s\\S]*`;
const ID = '\\s*[\\w.~:=+-]+\\s*';

/** How an address is checked while it's typed. */
function addressValidation(field: Field): INodePropertyModeValidation[] {
	return [
		validationOf(
			field,
			`${WITH_ADDRESS}|${LIKE_KEY}`,
			'an address is 0x followed by 40 hexadecimal digits.',
		),
		validationOf(
			field,
			NO_KEY,
			'this is as long as a private key. If it is one, n8n has stored it in this workflow: ' +
				'remove it here, and replace the key.',
		),
	];
}

/** The explorer of By Address depends on the credential, so only items of the list have a link. */
export function addressLocator(field: Field, searchListMethod: string): INodeProperties {
	const validation = addressValidation(field);
	return {
		...field,
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod, searchable: true },
			},
			{
				displayName: 'By Address',
				name: 'address',
				type: 'string',
				placeholder: 'e.g. 0x1f98431c8ad98523631ae4a59f267346ea31f984',
				validation,
			},
			{
				displayName: 'By URL',
				name: 'url',
				type: 'string',
				placeholder: 'e.g. https://app.ampersend.ai/…/0x1f98431c8ad98523631ae4a59f267346ea31f984',
				hint: 'Any link that contains the address',
				validation,
			},
		],
	};
}

/** For a list that may be empty as long as other fields are as they are. */
export function addressFirst(locator: INodeProperties): INodeProperties {
	const isAddress = ({ name }: INodePropertyMode) => name === 'address';
	const { modes = [] } = locator;
	return {
		...locator,
		default: { mode: 'address', value: '' },
		modes: [...modes.filter(isAddress), ...modes.filter((mode) => !isAddress(mode))],
	};
}

export const agentLocator: INodeProperties = {
	...addressLocator(
		{
			displayName: 'Agent',
			name: 'agent',
			description: 'The agent, identified by its account address',
		},
		'searchAgents',
	),
	required: true,
	// A session is that of one agent.
	displayOptions: asOwner,
};

export const agentKeyLocator: INodeProperties = {
	...addressLocator(
		{
			displayName: 'Agent Key',
			name: 'agentKey',
			description: "The agent's key, identified by its address",
		},
		'searchAgentKeys',
	),
	required: true,
};

interface AgentContext {
	read: Read;
	client: { connection: { agent?: Address } };
}

/**
 * The agent of the credential, or the chosen one.
 * @throws ParameterError if the Agent field has no address
 */
export function readAgent({ read, client }: AgentContext): Address {
	return client.connection.agent ?? read(agentLocator, parseLocator);
}

function idLocator(field: Field, searchListMethod: string): INodeProperties {
	return {
		...field,
		type: 'resourceLocator',
		required: true,
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod, searchable: true },
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. 0f8fad5b-d9cb-469f-a165-70867728950e',
				validation: [validationOf(field, ID, 'an ID has letters, digits and hyphens.')],
			},
		],
	};
}

export const hostedEndpointLocator = idLocator(
	{
		displayName: 'Hosted Endpoint',
		name: 'hostedEndpoint',
		description: 'The endpoint, identified by its ID',
	},
	'searchHostedEndpoints',
);

/**
 * The path to a hosted endpoint: its agent's address and its ID.
 * @throws ParameterError naming the field that can't be read
 */
export function readHostedEndpoint(context: AgentContext): { address: Address; id: string } {
	return {
		address: readAgent(context),
		id: context.read(hostedEndpointLocator, parseIdLocator),
	};
}

export const listingLocator = idLocator(
	{
		displayName: 'Listing',
		name: 'listing',
		description: 'The agent in the marketplace, identified by the ID of its listing',
	},
	'searchListings',
);

/** @throws ParameterError naming the locator, if it has no ID */
export function parseIdLocator(parameter: string, locator: unknown): string {
	return parseIdentifier(parameter, valueOf(locator));
}
