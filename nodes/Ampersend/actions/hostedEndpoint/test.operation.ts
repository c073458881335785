import * as z from 'zod/v4-mini';

import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { withRest } from '../../domain/json';
import type { WriteOperation } from '../operation';

const testOutput = z.object({
	id: z.string(),
	/** HTTP status of the API's answer. */
	status: z.number(),
	latencyMs: z.nullable(z.number()),
});

export const test: WriteOperation<typeof testOutput> = {
	option: {
		name: 'Test',
		value: 'test',
		action: 'Test hosted endpoint',
		description: 'Let Ampersend call the API once, and get the status of its answer',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator],
	output: testOutput,
	repeatable: true,

	prepare(context) {
		const path = readHostedEndpoint(context);
		return async ({ client }) => {
			const answer = await send(client, routes.testHostedEndpoint, { path, body: {} });
			const { status, latencyMs, ...further } = answer;
			return withRest({ id: path.id, status, latencyMs }, further);
		};
	},
};
