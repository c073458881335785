import { additionalFieldsOf, readAdditionalFields } from '../../descriptions/additionalFields';
import { agentKeyAddressField, keyNameField, readKeyName } from '../../descriptions/addresses';
import { readNewLimits } from '../../descriptions/limits';
import { parseUsableAddress } from '../../domain/address';
import { quote, readPublicText } from '../../domain/parameter';
import { approvalRequestOutput } from '../../outputs/approval';
import { requestApproval as request } from '../approval';
import type { WriteOperation } from '../operation';
import { nameField } from './nameField';
import { newLimitFields, newLimitHints, spendConfigOf } from './newLimits';

export const requestApproval: WriteOperation<typeof approvalRequestOutput.schema> = {
	option: {
		name: 'Request Approval',
		value: 'requestApproval',
		action: 'Request approval of agent',
		description: 'Get a link where the owner approves a new agent. Nothing changes until then.',
	},
	inSession: 'also',
	fields: [nameField, agentKeyAddressField, additionalFieldsOf([keyNameField, ...newLimitFields])],
	output: approvalRequestOutput.schema,

	prepare({ read }) {
		const name = read(nameField, readPublicText);
		const agentKeyAddress = read(agentKeyAddressField, parseUsableAddress);
		const values = readAdditionalFields(read);
		const newLimits = readNewLimits(values);
		const spendConfig = spendConfigOf(newLimits);
		return async ({ client, hint }) => {
			const whose = name === '' ? 'the new agent' : quote(name);
			for (const text of newLimitHints(newLimits, whose)) hint(text);
			return await request(client, agentKeyAddress, {
				name: name === '' ? null : name,
				...readKeyName(values),
				...(spendConfig && { spend_config: spendConfig }),
				mode: 'create',
			});
		};
	},
};
