import { routes } from '../../api/routes';
import { send } from '../../api/send';
import {
	allowedMethodsField,
	descriptionField,
	instructionsField,
	nameField,
	priceField,
	proxyUrlField,
	rateLimitField,
	timeoutField,
} from '../../descriptions/hostedEndpoint';
import { hostedEndpointLocator, readHostedEndpoint } from '../../descriptions/locators';
import { readUpdateFields, requireChanges, updateFieldsOf } from '../../descriptions/updateFields';
import { withoutUndefined } from '../../domain/json';
import { requirePublicText } from '../../domain/parameter';
import { parsePrice } from '../../domain/price';
import { parsePublicUrl } from '../../domain/publicUrl';
import { hostedEndpointOutput, simplifiedHostedEndpoint } from '../../outputs/hostedEndpoint';
import type { WriteOperation } from '../operation';
import { rejectOtherEndpoints } from './answered';
import { readSettings } from './settings';

export const update: WriteOperation<typeof hostedEndpointOutput.schema> = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update hosted endpoint',
		description: 'Change what buyers pay, or the name, API or settings of a hosted endpoint',
	},
	inSession: 'only',
	fields: [
		hostedEndpointLocator,
		updateFieldsOf([
			allowedMethodsField,
			descriptionField,
			instructionsField,
			nameField,
			priceField,
			proxyUrlField,
			rateLimitField,
			timeoutField,
		]),
	],
	output: hostedEndpointOutput.schema,
	simplified: simplifiedHostedEndpoint,

	prepare(context) {
		const path = readHostedEndpoint(context);
		const values = readUpdateFields(context.read);
		/** Reads a field that can't be empty, if it was added. */
		const readIf = <Value>(
			{ name, displayName }: { name: string; displayName: string },
			read: (parameter: string, value: unknown) => Value,
		) => (Object.hasOwn(values, name) ? read(displayName, values[name]) : undefined);
		const body = requireChanges({
			...withoutUndefined({
				name: readIf(nameField, requirePublicText),
				price_usd: readIf(priceField, parsePrice),
				proxy_url: readIf(proxyUrlField, parsePublicUrl),
			}),
			...readSettings(values),
		});
		return async ({ client }) => {
			const updated = await send(client, routes.updateHostedEndpoint, { path, body });
			const { price_usd, name = updated.name } = body;
			if (price_usd !== undefined) rejectOtherEndpoints([{ name, price_usd }], [updated]);
			return hostedEndpointOutput.of(updated);
		};
	},
};
