import { findAgentKey } from '../../api/agents';
import { requireGone } from '../../api/readBack';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import { agentKeyLocator, agentLocator } from '../../descriptions/locators';
import { parseLocator } from '../../domain/address';
import { revokedAgentKeyOutput } from '../../outputs/agentKey';
import type { WriteOperation } from '../operation';

export const revoke: WriteOperation<typeof revokedAgentKeyOutput> = {
	option: {
		name: 'Revoke',
		value: 'revoke',
		action: 'Revoke agent key',
		description: "Stop a key from acting for the agent and spending its USDC. You can't undo this.",
	},
	fields: [agentLocator, agentKeyLocator],
	output: revokedAgentKeyOutput,

	prepare({ read }) {
		const address = read(agentLocator, parseLocator);
		const keyAddress = read(agentKeyLocator, parseLocator);
		return async ({ client }) => {
			const answered = await send(client, routes.revokeAgentKey, { path: { address, keyAddress } });
			const listing = callOf(client, routes.listAgentKeys, { path: { address } });
			const find = async () => await findAgentKey(client, address, keyAddress);
			const isThere = async () => (await find()) !== undefined;
			if (answered) await requireGone(routes.revokeAgentKey, listing, isThere);
			return { deleted: true, address: keyAddress, agentAddress: address };
		};
	},
};
