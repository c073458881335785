import type { Address } from '../domain/address';
import { addressKey, uniqueAddresses } from '../domain/address';
import { LARGEST_PAGE, readRows } from './activityList';
import { sendForPage } from './paginate';
import { routes } from './routes';
import type { Client } from './send';
import { send } from './send';

/** A seller that an agent can pay, has paid or has tried to pay. */
export interface Seller {
	address: Address;
	isAllowed: boolean;
}

/** The latest counterparties of an agent, newest first, then the others of its allowlist. */
export async function listSellers(client: Client, agent: Address): Promise<Seller[]> {
	const request = { page: 1, limit: LARGEST_PAGE };
	const [allowlist, answer] = await Promise.all([
		send(client, routes.getAllowlist, { path: { address: agent } }),
		sendForPage(client, agent, 'all', request),
	]);
	const allowed = new Set(allowlist.map(addressKey));
	const recent = readRows(request, answer)
		.sort((one, other) => other.at - one.at)
		.flatMap(({ counterparty }) => counterparty ?? []);
	return uniqueAddresses([...recent, ...allowlist]).map((address) => ({
		address,
		isAllowed: allowed.has(addressKey(address)),
	}));
}
