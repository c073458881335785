import { routes } from '../../api/routes';
import type { Client } from '../../api/send';
import { repeat, send } from '../../api/send';
import type { Address } from '../../domain/address';
import { compareAllowlists, isSame } from '../../domain/allowlist';

export interface ListChange {
	before: Address[];
	/** The list that was sent. */
	asked: Address[];
	/** The list that the service answered with. */
	after: Address[];
	changedMeanwhile: boolean;
}

/**
 * Reads an allowlist and replaces it with a changed one, unless that is the same. The service can't
 * replace a list on a condition, so it is read again right before: that shows who else changes it.
 */
export async function changeList(
	client: Client,
	address: Address,
	change: (list: Address[]) => Address[],
): Promise<ListChange> {
	const path = { address };
	return await repeat(client, async (once) => {
		const first = await send(once, routes.getAllowlist, { path });
		if (isSame(compareAllowlists(change(first), first))) {
			return { before: first, asked: first, after: first, changedMeanwhile: false };
		}
		const before = await send(once, routes.getAllowlist, { path });
		const asked = change(before);
		const body = { authorized_sellers: asked };
		const after = await send(once, routes.replaceAllowlist, { path, body });
		const changedMeanwhile = !isSame(compareAllowlists(first, before));
		return { before, asked, after, changedMeanwhile };
	});
}
