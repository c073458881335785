/** The limits of an agent: fields in the editor, names in the output, and fields on the wire. */
export const limits = [
	{
		/** Of the parameter; the output has it with each spelling of the amount. */
		name: 'dailyLimit',
		/** Of the switch for no limit. */
		noLimitName: 'noDailyLimit',
		wire: 'daily_limit',
		displayName: 'Daily Limit (USDC)',
		description: 'The most the agent can spend in a day; auto top-up refills the balance up to it',
	},
	{
		name: 'monthlyLimit',
		noLimitName: 'noMonthlyLimit',
		wire: 'monthly_limit',
		displayName: 'Monthly Limit (USDC)',
		description: 'The most the agent can spend in a month',
	},
	{
		name: 'perTransactionLimit',
		noLimitName: 'noPerTransactionLimit',
		wire: 'per_transaction_limit',
		displayName: 'Limit per Transaction (USDC)',
		description: 'The most the agent can spend in one payment',
	},
] as const;

export type Limit = (typeof limits)[number];

/** An object with a field for each limit. @param key which names the fields have */
export function eachLimit<Key extends 'name' | 'wire', Value>(
	key: Key,
	valueOf: (limit: Limit) => Value,
): Record<Limit[Key], Value>;
export function eachLimit(
	key: 'name' | 'wire',
	valueOf: (limit: Limit) => unknown,
): Record<string, unknown> {
	return Object.fromEntries(limits.map((limit) => [limit[key], valueOf(limit)]));
}
