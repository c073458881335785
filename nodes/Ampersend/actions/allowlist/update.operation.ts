import { sellersField } from '../../descriptions/addresses';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { Address } from '../../domain/address';
import { parseAddresses, rejectZeroAddress } from '../../domain/address';
import type { AllowlistMode } from '../../domain/allowlist';
import {
	allowlistModes,
	changeAllowlist,
	compareAllowlists,
	describeDifference,
	isSame,
	without,
} from '../../domain/allowlist';
import { ParameterError, readChoice, readSwitch } from '../../domain/parameter';
import type { RowOperation } from '../operation';
import { changeList } from './change';
import { toAllowlistOutput, updatedAllowlistOutput } from './output';

const mode = { displayName: 'Mode', name: 'mode' } as const;
const allowEmpty = { displayName: 'Allow Empty List', name: 'allowEmpty' } as const;

function readSellers(value: unknown, chosen: AllowlistMode, emptyAllowed: boolean): Address[] {
	const sellers = parseAddresses(sellersField.displayName, value);
	// It may be on a list from before, and must then come off.
	if (chosen !== 'remove') rejectZeroAddress(sellersField.displayName, ...sellers);
	if (sellers.length > 0 || (chosen === 'replace' && emptyAllowed)) return sellers;
	throw new ParameterError(
		sellersField.displayName,
		'holds no address.',
		chosen === 'replace'
			? `Give the sellers of the new list, or switch on ${allowEmpty.displayName} to clear it.`
			: `Give the sellers to ${chosen}.`,
	);
}

export const update: RowOperation<typeof updatedAllowlistOutput> = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update an allowlist',
		description: 'Add sellers, remove them, or replace the whole list',
	},
	fields: [
		agentLocator,
		{
			...mode,
			type: 'options',
			options: [
				{ name: 'Add', value: 'add', description: 'Keep the list and add these sellers' },
				{ name: 'Remove', value: 'remove', description: 'Take these sellers off the list' },
				{ name: 'Replace', value: 'replace', description: 'Make these sellers the whole list' },
			],
			default: 'add',
			description:
				'Add and Remove read the list, change it and replace it: do not let two workflows change one list at the same moment',
		},
		sellersField,
		{
			...allowEmpty,
			type: 'boolean',
			displayOptions: { show: { mode: ['replace'] } },
			default: false,
			description: 'Whether a replacement without any seller may clear the list',
		},
	],
	output: updatedAllowlistOutput,

	/** `added` and `removed` compare the list before with the one that the service answered. */
	async execute({ n8n, client, itemIndex, hint }) {
		const address = readLocator(n8n, agentLocator, itemIndex);
		const chosen = readChoice(
			mode.displayName,
			n8n.getNodeParameter(mode.name, itemIndex),
			allowlistModes,
		);
		const emptyAllowed = readSwitch(
			allowEmpty.displayName,
			n8n.getNodeParameter(allowEmpty.name, itemIndex, false),
		);
		const sellers = readSellers(
			n8n.getNodeParameter(sellersField.name, itemIndex),
			chosen,
			emptyAllowed ?? false,
		);

		const { before, asked, after, changedMeanwhile } = await changeList(client, address, (list) =>
			changeAllowlist(chosen, list, sellers),
		);
		const difference = compareAllowlists(asked, after);
		const asAsked = isSame(difference);
		if (!asAsked) {
			hint(
				`The allowlist of ${address} ${describeDifference(difference)}: someone changed it meanwhile, or the service did not take the whole list. Read it with Allowlist: Get.`,
			);
		}
		if (changedMeanwhile) {
			hint(
				`Someone else changed the allowlist of ${address} while it was updated. ${chosen === 'replace' ? 'It was replaced all the same.' : 'Their change was kept.'}`,
			);
		}
		return {
			...toAllowlistOutput(address, after),
			added: without(after, before),
			removed: without(before, after),
			asAsked,
			changedMeanwhile,
		};
	},
};
