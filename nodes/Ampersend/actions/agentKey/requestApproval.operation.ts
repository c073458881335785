import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import { agentKeyAddressField, keyNameField, readKeyName } from '../../descriptions/addresses';
import { asOwner } from '../../descriptions/authentication';
import { agentLocator, readAgent } from '../../descriptions/locators';
import { parseUsableAddress } from '../../domain/address';
import { readSwitch } from '../../domain/parameter';
import { approvalRequestOutput } from '../../outputs/approval';
import { requestApproval as request } from '../approval';
import type { WriteOperation } from '../operation';

const ownerChooses = { displayName: 'Owner Chooses the Agent', name: 'ownerChooses' } as const;

export const requestApproval: WriteOperation<typeof approvalRequestOutput.schema> = {
	option: {
		name: 'Request Approval',
		value: 'requestApproval',
		action: 'Request approval of agent key',
		description:
			'Get a link where the owner approves a key for an agent. Nothing changes until then.',
	},
	inSession: 'also',
	fields: [
		agentKeyAddressField,
		{
			...ownerChooses,
			type: 'boolean',
			default: false,
			description: 'Whether the owner chooses the agent in the dashboard',
		},
		{
			...agentLocator,
			displayOptions: { show: { ...asOwner.show, [ownerChooses.name]: [false] } },
		},
		additionalFieldsOf([keyNameField]),
	],
	output: approvalRequestOutput.schema,

	prepare(context) {
		const { read } = context;
		const agentKeyAddress = read(agentKeyAddressField, parseUsableAddress);
		const isOpen = read(ownerChooses, readSwitch);
		const values = readAdditionalFields(read);
		const body = {
			name: null,
			...readKeyName(values),
			...(isOpen
				? { mode: 'connect_choose' }
				: { mode: 'connect', agent_address: readAgent(context) }),
		};
		return async ({ client }) => await request(client, agentKeyAddress, body);
	},
};
