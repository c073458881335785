// The rows of the API, and the line of each in the CSV file of an export.

export interface Row {
	type: string;
	id: string;
	agent_address: string;
	receiver: string;
	amount: string;
	status: string;
	timestamp: string;
	tx_hash: string | null;
	chain_caip2id: string;
}

export interface Page {
	activity: Row[];
	hasNextPage: boolean;
	totalCount: number;
}

export interface Agent {
	address: string;
	name: string;
}

/** Rows of one page. */
export const PAGE = 200;

export const HEADER =
	'occurredAt,agentName,direction,amountUsdc,status,movedUsdc,counterparty,agentAddress,' +
	'explorerUrl,transactionHash,chain,id\r\n';

const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function usdc(micro: string): string {
	const digits = micro.padStart(7, '0');
	const fraction = digits.slice(-6).replace(/0+$/, '');
	return digits.slice(0, -6) + (fraction && `.${fraction}`);
}

/** Earned is positive, spent is negative, and nothing else has moved. */
function moved({ status, amount }: Row): string {
	if (status === 'received') return usdc(amount);
	return status === 'settled' ? `-${usdc(amount)}` : '0';
}

function line(row: Row, { name }: Agent): string {
	const hash = row.tx_hash ?? '';
	return (
		`${new Date(Number(row.timestamp)).toISOString()},${cell(name)},${cell(row.type)},` +
		`${usdc(row.amount)},${cell(row.status)},${moved(row)},` +
		`${row.receiver === row.agent_address ? '' : row.receiver},${row.agent_address},` +
		`${hash && `https://sepolia.basescan.org/tx/${hash}`},${cell(hash)},` +
		`${cell(row.chain_caip2id)},${cell(row.id)}\r\n`
	);
}

export function lines({ activity }: Page, agent: Agent): string {
	let text = '';
	for (const row of activity) text += line(row, agent);
	return text;
}
