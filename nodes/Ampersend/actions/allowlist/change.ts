import type { Client } from '../../api/client';
import { noteWrite, ownWrite } from '../../api/ownWrites';
import { readBack } from '../../api/readBack';
import { repeat } from '../../api/repeat';
import { routes } from '../../api/routes';
import { callOf, send } from '../../api/send';
import type { Address } from '../../domain/address';
import { addressKey } from '../../domain/address';
import { compareAllowlists, isSame } from '../../domain/allowlist';

export interface ListChange {
	before: Address[];
	/** The list that was sent. */
	requested: Address[];
	/** The list that the service shows then. */
	after: Address[];
	changedMeanwhile: boolean;
}

/** The same for the same sellers, in any order. */
const textOf = (list: Address[]) => list.map(addressKey).toSorted().join();

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
	const call = callOf(client, routes.getAllowlist, { path });
	const readList = async (once: Client) => {
		const list = await send(once, routes.getAllowlist, { path });
		return ownWrite<Address[]>(client, call, { list: textOf(list) }) ?? list;
	};
	const changed = await repeat(client, async (once) => {
		const first = await readList(once);
		if (isSame(compareAllowlists(change(first), first))) {
			return { before: first, requested: first, answered: first, changedMeanwhile: false };
		}
		const before = await readList(once);
		const requested = change(before);
		const body = { authorized_sellers: requested };
		const answered = await send(once, routes.replaceAllowlist, { path, body });
		noteWrite(client, call, { list: textOf(before) }, { list: textOf(requested) }, requested);
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
	const shown = isShown ? answered : undefined;
	const after = await readBack(routes.replaceAllowlist, {}, shown, call, readAgain);
	return { ...known, after };
}
