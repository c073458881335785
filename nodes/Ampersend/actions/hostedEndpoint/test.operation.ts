import * as z from 'zod/v4-mini';

import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readAgent, readIdLocator } from '../../descriptions/locators';
import { withFurther } from '../../domain/json';
import type { RowOperation } from '../operation';

const testOutput = z.object({
	id: z.string(),
	/** HTTP status of the API's answer. */
	status: z.number(),
	latencyMs: z.number(),
});

export const test: RowOperation<typeof testOutput> = {
	option: {
		name: 'Test',
		value: 'test',
		action: 'Test hosted endpoint',
		description: 'Let Ampersend call the API once, and get the status of its answer',
	},
	inSession: 'only',
	fields: [hostedEndpointLocator],
	output: testOutput,

	async execute(context) {
		const { n8n, client, itemIndex } = context;
		const id = readIdLocator(n8n, hostedEndpointLocator, itemIndex);
		const path = { address: readAgent(context), id };
		const answer = await send(client, routes.testHostedEndpoint, { path, body: {} });
		const { status, latencyMs, ...further } = answer;
		return withFurther({ id, status, latencyMs }, further);
	},
};
