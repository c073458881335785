// The one agent of an account and its rows, as the API returns them. They are computed from their
// number, so a million of them need no memory.

/** Of the one agent. */
export const ADDRESS = `0x${'a'.repeat(40)}`;
/** Needs quotes in a CSV file. */
const NAME = 'Bench, all rows';
const FIRST_MS = Date.UTC(2025, 0, 1);
const EVERY_MS = 20_000;

const receivers = Array.from({ length: 8 }, (_, i) => `0x${String(i + 1).repeat(40)}`);

/** Row 0 is the oldest. No payment is open: a poll would read those again. */
function rowText(index: number): string {
	const kind = index % 8;
	const isEarned = kind < 2;
	const isSettled = kind < 6;
	const status = isEarned ? 'received' : isSettled ? 'settled' : kind === 6 ? 'failed' : 'denied';
	const hash = isSettled ? `"0x${index.toString(16).padStart(64, '0')}"` : 'null';
	return (
		`{"type":"${isEarned ? 'earn' : 'spend'}","id":"activity-${index}",` +
		`"agent_address":"${ADDRESS}","receiver":"${isEarned ? ADDRESS : receivers[kind]}",` +
		`"amount":"${((index * 7919) % 50_000_000) + 1}","status":"${status}",` +
		`"timestamp":"${FIRST_MS + index * EVERY_MS}","tx_hash":${hash},` +
		'"chain_caip2id":"eip155:84532"}'
	);
}

/** A page of activity, newest first. */
export function activityText(rows: number, page: number, limit: number): string {
	const end = rows - (page - 1) * limit;
	const texts: string[] = [];
	for (let index = end - 1; index >= Math.max(0, end - limit); index--) texts.push(rowText(index));
	return (
		`{"activity":[${texts.join(',')}],` +
		`"hasNextPage":${page * limit < rows},"totalCount":${rows}}`
	);
}

/** The list of agents. */
export function agentsText(limit: number, offset: number): string {
	const agent = {
		address: ADDRESS,
		name: NAME,
		userId: 'user-1',
		balance: '0',
		initData: {},
		nonce: '0',
		createdAt: FIRST_MS,
		updatedAt: FIRST_MS,
	};
	return JSON.stringify({ items: offset === 0 ? [agent] : [], total: 1, limit, offset });
}
