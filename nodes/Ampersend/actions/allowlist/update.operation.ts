import { sellersField } from '../../descriptions/addresses';
import { agentLocator } from '../../descriptions/locators';
import type { Address } from '../../domain/address';
import { parseAddresses, parseLocator, rejectZeroAddress } from '../../domain/address';
import type { AllowlistMode } from '../../domain/allowlist';
import {
	allowlistModes,
	changeAllowlist,
	compareAllowlists,
	describeDifference,
	isSame,
	without,
} from '../../domain/allowlist';
import { ParameterError, readChoice, readSwitch, rejectNothing } from '../../domain/parameter';
import { toAllowlistOutput, updatedAllowlistOutput } from '../../outputs/allowlist';
import type { WriteOperation } from '../operation';
import { changeList } from './change';

const mode = { displayName: 'Mode', name: 'mode' } as const;
const allowEmpty = { displayName: 'Allow Empty List', name: 'allowEmpty' } as const;

function readSellers(
	parameter: string,
	value: unknown,
	chosen: AllowlistMode,
	emptyAllowed: boolean,
): Address[] {
	const sellers = parseAddresses(parameter, value);
	// An existing list may have it, so it can be removed.
	if (chosen !== 'remove') rejectZeroAddress(parameter, ...sellers);
	if (sellers.length > 0) return sellers;
	if (chosen === 'replace' && emptyAllowed) {
		rejectNothing(parameter, value);
		return sellers;
	}
	throw new ParameterError(
		parameter,
		'has no addresses.',
		chosen === 'replace'
			? `Enter the sellers of the new list, or turn on ${allowEmpty.displayName} to clear it.`
			: `Enter the sellers to ${chosen}.`,
	);
}

export const update: WriteOperation<typeof updatedAllowlistOutput> = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update allowlist',
		description: 'Change which sellers the agent can pay: add or remove some, or replace the list',
	},
	fields: [
		agentLocator,
		{
			...mode,
			type: 'options',
			options: [
				{ name: 'Add', value: 'add', description: 'Add these sellers to the list' },
				{ name: 'Remove', value: 'remove', description: 'Remove these sellers from the list' },
				{
					name: 'Replace',
					value: 'replace',
					description: 'Replace the whole list with these sellers',
				},
			],
			default: 'add',
			description:
				'How to change the list. The service can only replace a whole list, ' +
				"so don't let two workflows change the same one at the same time.",
		},
		sellersField,
		{
			...allowEmpty,
			type: 'boolean',
			displayOptions: { show: { mode: ['replace'] } },
			default: false,
			description: 'Whether to clear the list if you enter no sellers',
		},
	],
	output: updatedAllowlistOutput,

	prepare({ read }) {
		const address = read(agentLocator, parseLocator);
		const chosen = read(mode, (parameter, value) =>
			readChoice(parameter, value, allowlistModes, 'add'),
		);
		const emptyAllowed = read(allowEmpty, readSwitch);
		const sellers = read(sellersField, (parameter, value) =>
			readSellers(parameter, value, chosen, emptyAllowed ?? false),
		);

		return async ({ client, hint }) => {
			const { before, requested, after, changedMeanwhile } = await changeList(
				client,
				address,
				(list) => changeAllowlist(chosen, list, sellers),
			);
			const difference = compareAllowlists(requested, after);
			const asRequested = isSame(difference);
			if (!asRequested) {
				hint(
					`The allowlist of ${address} ${describeDifference(difference)}. Someone else changed ` +
						"it, or the service didn't accept the whole list. Check it with Allowlist: Get.",
				);
			}
			if (changedMeanwhile) {
				hint(
					`Someone else changed the allowlist of ${address} during the update. ` +
						(chosen === 'replace' ? 'It was replaced anyway.' : 'Their change was kept.'),
				);
			}
			return {
				added: without(after, before),
				removed: without(before, after),
				asRequested,
				changedMeanwhile,
				...toAllowlistOutput(address, after),
			};
		};
	},
};
