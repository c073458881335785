import { routes } from '../../api/routes';
import { send } from '../../api/send';
import { listingLocator, readIdLocator } from '../../descriptions/locators';
import type { RowOperation } from '../operation';
import { listingOutput, simplifiedListing, toListingOutput } from './output';

export const get: RowOperation<typeof listingOutput> = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get agent in marketplace',
		description: 'Get an agent in the marketplace, with its endpoints and skills',
	},
	inSession: 'also',
	fields: [listingLocator],
	output: listingOutput,
	simplified: simplifiedListing,

	async execute({ n8n, client, itemIndex }) {
		const id = readIdLocator(n8n, listingLocator, itemIndex);
		return toListingOutput(await send(client, routes.getListing, { path: { id } }));
	},
};
