import { routes } from '../../api/routes';
import { repeat, send } from '../../api/send';
import { sellersField } from '../../descriptions/addresses';
import { agentLocator, readLocator } from '../../descriptions/locators';
import type { Address } from '../../domain/address';
import { parseAddresses } from '../../domain/address';
import type { AllowlistMode, Difference } from '../../domain/allowlist';
import {
	allowlistModes,
	changeAllowlist,
	compareAllowlists,
	without,
} from '../../domain/allowlist';
import { InputRefusal, readChoice, readSwitch } from '../../domain/input';
import type { Operation, OperationOutput } from '../operation';
import { toItems } from '../operation';
import { presentAllowlist } from './present';

const mode = { displayName: 'Mode', name: 'mode' } as const;
const allowEmpty = { displayName: 'Allow Empty List', name: 'allowEmpty' } as const;

function readSellers(value: unknown, chosen: AllowlistMode, emptyAllowed: boolean): Address[] {
	const sellers = parseAddresses(sellersField.displayName, value);
	if (sellers.length > 0 || (chosen === 'replace' && emptyAllowed)) return sellers;
	throw new InputRefusal(
		sellersField.displayName,
		'holds no address.',
		chosen === 'replace'
			? `Give the sellers of the new list, or switch on ${allowEmpty.displayName} to clear it.`
			: `Give the sellers to ${chosen}.`,
	);
}

function describe({ unexpected, missing }: Difference): string {
	return [
		unexpected.length > 0 ? `also holds ${unexpected.join(', ')}` : '',
		missing.length > 0 ? `lacks ${missing.join(', ')}` : '',
	]
		.filter((part) => part !== '')
		.join(' and ');
}

export const update: Operation = {
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
		{ ...sellersField, required: true },
		{
			...allowEmpty,
			type: 'boolean',
			displayOptions: { show: { mode: ['replace'] } },
			default: false,
			description: 'Whether a replacement without any seller may clear the list',
		},
	],

	/** `added` and `removed` compare the list before with the one that the service answered. */
	async execute({ n8n, client, itemIndex, hint }): Promise<OperationOutput[]> {
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

		const { before, asked, after } = await repeat(client, async (once) => {
			const before = await send(once, routes.getAllowlist, { path: { address } });
			const asked = changeAllowlist(chosen, before, sellers);
			const after = await send(once, routes.replaceAllowlist, {
				path: { address },
				body: { authorized_sellers: asked },
			});
			return { before, asked, after };
		});
		const difference = compareAllowlists(asked, after);
		const asAsked = difference.unexpected.length + difference.missing.length === 0;
		if (!asAsked) {
			hint(
				`The allowlist of ${address} ${describe(difference)}: someone changed it meanwhile, or the service did not take the whole list. Read it with Allowlist: Get.`,
			);
		}
		return toItems([
			{
				...presentAllowlist(address, after),
				added: without(after, before),
				removed: without(before, after),
				asAsked,
			},
		]);
	},
};
