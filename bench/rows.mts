// The agents of an account and their rows, as the API returns them. They are computed from their
// number, so a million of them need no memory.

/** Needs quotes in a CSV file. */
const NAME = 'Bench, all rows';
const FIRST_MS = Date.UTC(2025, 0, 1);
const EVERY_MS = 20_000;

const receivers = Array.from({ length: 8 }, (_, i) => `0x${String(i + 1).repeat(40)}`);

/** @param agent its number in the account, from 0 */
export function addressOf(agent: number): string {
	return `0x${agent.toString(16).padStart(40, 'a')}`;
}

/** Of the first agent. */
export const ADDRESS = addressOf(0);

/** Row 0 is the oldest. No payment is open: a poll would read those again. */
function rowText(address: string, index: number): string {
	const kind = index % 8;
	const isEarned = kind < 2;
	const isSettled = kind < 6;
	const status = isEarned ? 'received' : isSettled ? 'settled' : kind === 6 ? 'failed' : 'denied';
	const hash = isSettled ? `"0x${index.toString(16).padStart(64, '0')}"` : 'null';
	return (
		`{"type":"${isEarned ? 'earn' : 'spend'}","id":"activity-${address.slice(-4)}-${index}",` +
		`"agent_address":"${address}","receiver":"${isEarned ? address : receivers[kind]}",` +
		`"amount":"${((index * 7919) % 50_000_000) + 1}","status":"${status}",` +
		`"timestamp":"${FIRST_MS + index * EVERY_MS}","tx_hash":${hash},` +
		'"chain_caip2id":"eip155:84532"}'
	);
}

/** A page of an agent's activity, newest first. */
export function activityText(address: string, rows: number, page: number, limit: number): string {
	const end = rows - (page - 1) * limit;
	const texts: string[] = [];
	for (let index = end - 1; index >= Math.max(0, end - limit); index--)
		texts.push(rowText(address, index));
	return (
		`{"activity":[${texts.join(',')}],` +
		`"hasNextPage":${page * limit < rows},"totalCount":${rows}}`
	);
}

export function agentText(address: string): string {
	return JSON.stringify({
		address,
		name: NAME,
		userId: 'user-1',
		balance: '0',
		initData: {},
		nonce: '0',
		createdAt: FIRST_MS,
		updatedAt: FIRST_MS,
	});
}

/** A page of the list of agents. */
export function agentsText(agents: number, limit: number, offset: number): string {
	const texts: string[] = [];
	for (let agent = offset; agent < Math.min(agents, offset + limit); agent++)
		texts.push(agentText(addressOf(agent)));
	return `{"items":[${texts.join(',')}],"total":${agents},"limit":${limit},"offset":${offset}}`;
}
