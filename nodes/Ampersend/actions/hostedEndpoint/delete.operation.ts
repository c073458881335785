import * as z from 'zod/v4-mini';

import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import type { WriteOperation } from '../operation';

const deletedOutput = z.object({ deleted: z.literal(true) });

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
			await send(client, routes.deleteHostedEndpoint, { path });
			return { deleted: true };
		};
	},
};
