import type { Address } from '../domain/address';
import { addressKey, uniqueAddresses } from '../domain/address';
import { rethrow } from '../domain/rethrow';
import type { Client } from './client';
import { withoutFinding } from './client';
import { CallError } from './errors';
import { sendForPage } from './lists/activityPages';
import { MAX_PAGE_ROWS, readPage } from './lists/pages';
import { routes } from './routes';
import { send } from './send';

const is404 = (reason: unknown) => reason instanceof CallError && reason.status === 404;

/** A seller that an agent can pay, has paid or has tried to pay. */
export interface Seller {
	address: Address;
	isAllowed: boolean;
}

/**
 * The latest counterparties of an agent, newest first, then the others of its allowlist. One of the
 * two is enough if the service doesn't offer the other's route, which is assumed.
 */
export async function listSellers(client: Client, agent: Address): Promise<Seller[]> {
	const request = { page: 1, limit: MAX_PAGE_ROWS };
	const quiet = withoutFinding(client);
	const [allowed, listed] = await Promise.allSettled([
		send(quiet, routes.getAllowlist, { path: { address: agent } }),
		sendForPage(quiet, agent, 'all', request),
	]);
	const failed = [allowed, listed].filter((list) => list.status === 'rejected');
	const unexpected = failed.length === 2 ? failed[0] : failed.find(({ reason }) => !is404(reason));
	if (unexpected) rethrow(unexpected.reason);
	const allowlist = allowed.status === 'fulfilled' ? allowed.value : [];
	const rows = listed.status === 'fulfilled' ? readPage(request, listed.value).rows : [];
	const allowedKeys = new Set(allowlist.map(addressKey));
	const recent = rows.flatMap(({ counterparty }) => counterparty ?? []);
	return uniqueAddresses([...recent, ...allowlist]).map((address) => ({
		address,
		isAllowed: allowedKeys.has(addressKey(address)),
	}));
}
