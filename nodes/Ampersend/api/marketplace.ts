import type { IDataObject } from 'n8n-workflow';

import type { Listing } from '../schemas/listing';
import type { Client } from './client';
import { routes } from './routes';
import { send } from './send';

/** What listings are searched by; a part that is absent excludes none. */
export interface ListingQuery extends IDataObject {
	search?: string;
	category?: string;
	network?: string;
	source?: string;
}

/** Only an agent can use the newer route; the older one needs no credential. */
export async function findListings(client: Client, query: ListingQuery): Promise<Listing[]> {
	const isSession = client.connection.agent !== undefined;
	const route = isSession ? routes.searchMarketplace : routes.listListings;
	return await send(client, route, { path: {}, query });
}
