import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { listingLocator, parseIdLocator } from '../../descriptions/locators';
import { listingOutput, simplifiedListing } from '../../outputs/listing';
import type { RowOperation } from '../operation';

export const get: RowOperation<typeof listingOutput.schema> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get agent in marketplace',
		description: 'Get an agent in the marketplace, with its endpoints and skills',
	},
	inSession: 'also',
	fields: [listingLocator],
	output: listingOutput.schema,
	simplified: simplifiedListing,

	async execute({ client, read }) {
		const id = read(listingLocator, parseIdLocator);
		return listingOutput.of(await send(client, routes.getListing, { path: { id } }));
	},
};
