import { readBack } from '../../api/readBack';
import { routes } from '../../api/routes';
import type { Client } from '../../api/client';
import { repeat } from '../../api/repeat';
import { callOf, send } from '../../api/send';
import type { Address } from '../../domain/address';
import { compareAllowlists, isSame } from '../../domain/allowlist';

export interface ListChange {
	before: Address[];
	/** The list that was sent. */
	requested: Address[];
	/** The list that the service shows then. */
	after: Address[];
	changedMeanwhile: boolean;
}

/**
 * Reads an allowlist and replaces it with the changed one, if there is a difference. The service
 * can't replace a list only if nobody else changed it, so the list is read again right before.
 * If it doesn't answer with the list that was sent, the list is read once more: the answer may have
 * only what was added.
 * @throws CallError
 */
export async function changeList(
	client: Client,
	address: Address,
	change: (list: Address[]) => Address[],
): Promise<ListChange> {
	const path = { address };
	const changed = await repeat(client, async (once) => {
		const first = await send(once, routes.getAllowlist, { path });
		if (isSame(compareAllowlists(change(first), first))) {
			return { before: first, requested: first, answered: first, changedMeanwhile: false };
		}
		const before = await send(once, routes.getAllowlist, { path });
		const requested = change(before);
		const body = { authorized_sellers: requested };
		const answered = await send(once, routes.replaceAllowlist, { path, body });
		const changedMeanwhile = !isSame(compareAllowlists(first, before));
		return { before, requested, answered, changedMeanwhile };
	});
	const { answered, ...known } = changed;
	const isShown = answered && isSame(compareAllowlists(known.requested, answered));
	const readAgain = async () => {
		const list = await send(client, routes.getAllowlist, { path });
		const isUnchanged = isSame(compareAllowlists(known.before, list));
		return isUnchanged && !isSame(compareAllowlists(known.requested, list)) ? undefined : list;
	};
	const call = callOf(client, routes.getAllowlist, { path });
	const shown = isShown ? answered : undefined;
	const after = await readBack(routes.replaceAllowlist, {}, shown, call, readAgain);
	return { ...known, after };
}
