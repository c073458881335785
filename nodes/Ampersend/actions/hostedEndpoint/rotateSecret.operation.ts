import * as z from 'zod/v4-mini';

import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import type { WriteOperation } from '../operation';

const ONCE =
	'signingSecret is shown only once. Store it now. n8n keeps it in the data of this execution: ' +
	'turn off saving executions in the workflow settings, or delete the execution.';

const secretOutput = z.object({
	/** Signs the calls that Ampersend passes on (HMAC). The one before no longer works. */
	signingSecret: z.string(),
	notice: z.string(),
	id: z.string(),
});

export const rotateSecret: WriteOperation<typeof secretOutput> = {
	option: {
		name: 'Rotate Secret',
		value: 'rotateSecret',
		action: 'Rotate signing secret of hosted endpoint',
		description: 'Replace the secret that signs paid calls to your API. The old one stops working.',
	},
	inSession: 'only',
	fields: [
		{ displayName: ONCE, name: 'notice', type: 'notice', default: '' },
		hostedEndpointLocator,
	],
	output: secretOutput,
	// The last secret is the valid one, and the ones before would have to be stored to be remembered.
	repeatable: true,

	prepare(context) {
		const path = readHostedEndpoint(context);
		return async ({ client, hint }) => {
			const { signingSecret } = await send(client, routes.rotateSigningSecret, { path, body: {} });
			hint(ONCE);
			return {
				signingSecret,
				notice: 'Store signingSecret now: it is shown only once.',
				id: path.id,
			};
		};
	},
};
