import * as z from 'zod/v4-mini';

import { requireGone } from '../../api/readBack';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import type { WriteOperation } from '../operation';

const deletedOutput = z.object({ deleted: z.literal(true), id: z.string() });

export const deleteEndpoint: WriteOperation<typeof deletedOutput> = {
	option: {
		name: 'Delete',
		value: 'delete',
		action: 'Delete hosted endpoint',
		description: "Stop selling an API, and delete its endpoint. You can't undo this.",
	},
	inSession: 'only',
	fields: [hostedEndpointLocator],
	output: deletedOutput,

	prepare(context) {
		const path = readHostedEndpoint(context);
		return async ({ client }) => {
			const answered = await send(client, routes.deleteHostedEndpoint, { path });
			const parameters = { path: { address: path.address } };
			const isThere = async () => {
				const endpoints = await send(client, routes.listHostedEndpoints, parameters);
				return endpoints.some(({ id, deleted_at }) => id === path.id && deleted_at === null);
			};
			const listing = callOf(client, routes.listHostedEndpoints, parameters);
			if (answered) await requireGone(routes.deleteHostedEndpoint, listing, isThere);
			return { deleted: true, id: path.id };
		};
	},
};
