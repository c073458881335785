import * as z from 'zod/v4-mini';

import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { withRest } from '../../domain/json';
import type { RowOperation } from '../operation';

const ownerOutput = z.object({
	/** UUID of the account. */
	userId: z.string(),
	walletAddress: z.string(),
});

export const get: RowOperation<typeof ownerOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get owner',
		description: 'Get the account that owns the agent, and its wallet',
	},
	inSession: 'only',
	fields: [],
	output: ownerOutput,

	async execute({ client }) {
		const { user_id, wallet_address, ...further } = await send(client, routes.getOwner, {
			path: {},
		});
		return withRest({ userId: user_id, walletAddress: wallet_address }, further);
	},
};
