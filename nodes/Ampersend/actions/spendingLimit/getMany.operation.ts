import type { KnownAgent } from '../../api/agents';
import { selectAgents } from '../../api/agents';
import { getSpendingLimits, unsetHint } from '../../api/agentSettings';
import type { Client } from '../../api/client';
import { aFewAtOnce } from '../../api/lists/concurrency';
import { consumeHistory, HistoryReport, readTransactions } from '../../api/lists/merge';
import { CONCURRENCY } from '../../api/lists/pace';
import {
	agentScopeFields,
	agentScopeParameter,
	readAgentScope,
} from '../../descriptions/agentScope';
import { balanceFilter, isBelow, readBalanceBelow } from '../../descriptions/balanceFilter';
import { firstRows, pagingFields, readLimit } from '../../descriptions/paging';
import type { Period } from '../../domain/budget';
import { budgetOf, periods, spentAfter, startOf } from '../../domain/budget';
import { simplifiedSpending, spendingOutput, toSpendingOutput } from '../../outputs/spendingLimit';
import type { SpendConfig } from '../../schemas/spendConfig';
import { unsetSpendConfig } from '../../schemas/spendConfig';
import { showReport } from '../history';
import { noteBalances } from '../noteBalances';
import type { RowOperation } from '../operation';

/** The periods with a limit of which the service doesn't say what is used. */
function periodsToRead(config: SpendConfig): Period[] {
	return periods.filter((period) => {
		const { limit, used } = budgetOf(period, config);
		return limit !== null && used === null;
	});
}

/** What an agent has spent since the first of the periods began, in each of them, in micro-USDC. */
async function readSpent(
	client: Client,
	agent: KnownAgent,
	toRead: Period[],
	now: number,
	report: HistoryReport,
): Promise<Partial<Record<Period, bigint>>> {
	if (toRead.length === 0) return {};
	const from = Math.min(...toRead.map((period) => startOf(period, now)));
	const query = { agents: [agent], filter: { from }, now, report };
	const all = await consumeHistory(
		(reading) => readTransactions(client, query, reading),
		async (batches) => {
			let spent = { day: 0n, month: 0n };
			for await (const batch of batches) {
				const rows = batch.map(({ row }) => row);
				const { day, month } = spentAfter(undefined, rows, now, 'month');
				spent = { day: spent.day + day, month: spent.month + (month ?? 0n) };
			}
			return spent;
		},
		false,
	);
	return toRead.includes('month') ? all : { day: all.day };
}

export const getMany: RowOperation<typeof spendingOutput> = {
	option: {
		name: 'Get Many',
		value: 'getMany',
		action: 'Get many spending limits',
		description:
			'List what agents have, can spend and have spent today and this month, and which run low',
	},
	inSession: 'also',
	fields: [
		...agentScopeFields,
		...pagingFields,
		balanceFilter('Only agents with less than this amount (USDC)'),
	],
	output: spendingOutput,
	simplified: simplifiedSpending,

	async execute({ client, read, hint }) {
		const scope = readAgentScope(read);
		const limit = readLimit(read);
		const threshold = readBalanceBelow(read);
		const chosen = (await selectAgents(client, scope, agentScopeParameter(read)))
			.map((agent) => ({ ...agent, balance: agent.balance ?? '' }))
			.filter(({ balance }) => threshold === undefined || isBelow(balance, threshold));
		const agents = firstRows(chosen, limit, 'agents', hint);
		const now = Date.now();
		const report = new HistoryReport();
		const configs = await getSpendingLimits(client, agents);
		const all = agents.map((agent, i) => ({ agent, config: configs[i] }));
		const items = await aFewAtOnce(all, CONCURRENCY, async ({ agent, config }) => {
			const limits = config ?? unsetSpendConfig;
			const spent = await readSpent(client, agent, periodsToRead(limits), now, report);
			const budgets = {
				day: budgetOf('day', limits, spent.day),
				month: budgetOf('month', limits, spent.month),
			};
			return toSpendingOutput({ agent, config, ...budgets }, threshold);
		});
		noteBalances(agents, hint, "It can't be compared, so isLow is null. ");
		showReport(report, 'transactions', hint);
		if (agents.length > 0 && configs.every((config) => config === undefined)) {
			hint(unsetHint('spending limits', 'any of these agents'));
		}
		return items;
	},
};
