import { z } from 'zod';

// The documented answers, for the tests of the emulator itself. Strict, so the emulator invents no
// field.
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const micro = z.string().regex(/^\d+$/);
const time = z.union([z.number().int().nonnegative(), z.string().regex(/^\d+$/)]);

export const agent = z
	.object({
		address,
		name: z.string().regex(/^\S(.*\S)?$/),
		userId: z.string(),
		balance: z.string(),
		initData: z.object({
			address: z.string().optional(),
			factory: z.string().optional(),
			factoryData: z.string().optional(),
			intentExecutorInstalled: z.boolean().optional(),
		}),
		nonce: z.string(),
		createdAt: z.number(),
		updatedAt: z.number(),
	})
	.strict();

export const agentKey = z
	.object({ address, name: z.string().nullable(), created_at: time })
	.strict();

export const listOf = <T extends z.ZodTypeAny>(item: T) =>
	z
		.object({
			items: z.array(item),
			total: z.number().int(),
			limit: z.number().int(),
			offset: z.number().int(),
		})
		.strict();

export const allowlist = z.array(address);

export const spendConfig = z
	.object({
		agent_address: address,
		auto_topup_allowed: z.boolean(),
		daily_limit: micro.nullable(),
		monthly_limit: micro.nullable(),
		per_transaction_limit: micro.nullable(),
		created_at: time,
		updated_at: time,
	})
	.strict();

export const autoCollect = z
	.object({
		agent_address: address,
		enabled: z.boolean(),
		target_address: address.nullable(),
		threshold: micro,
		minimum_remaining: micro.nullable(),
		created_at: time,
		updated_at: time,
	})
	.strict();

export const activityPage = z
	.object({
		activity: z.array(
			z
				.object({
					type: z.enum(['earn', 'spend']),
					id: z.string().min(1),
					agent_address: address,
					receiver: address,
					amount: z.union([z.number(), z.string().regex(/^\d+$/)]),
					status: z.enum(['received', 'settled', 'authorized', 'failed', 'denied']),
					timestamp: z.string().regex(/^\d+$/),
					tx_hash: z.string().nullable(),
					chain_caip2id: z.string().nullable(),
				})
				.strict(),
		),
		hasNextPage: z.boolean(),
		totalCount: z.number().int().nonnegative(),
	})
	.strict();

const payment = z
	.object({
		seller_address: address,
		amount_usdc_micro: micro,
		scheme: z.enum(['exact', 'deferred']).nullable(),
		status: z.enum([
			'requested',
			'authorized',
			'denied',
			'settled',
			'expired',
			'unmanaged',
			'success',
			'failure',
			'pending',
		]),
		tx_hash: z
			.string()
			.regex(/^0x[0-9a-f]+$/)
			.nullable(),
		chain_caip2id: z
			.string()
			.regex(/^eip155:\d+$/)
			.nullable(),
		created_at: time,
		expires_at: time.nullable(),
	})
	.strict();

export const payments = z.array(payment);

/** Assumed: what a user's session gets. */
export const userPayments = z.array(
	payment
		.omit({ amount_usdc_micro: true })
		.extend({
			id: z.string().min(1),
			amount: micro,
			signature: z.string().regex(/^0x[0-9a-f]{130}$/),
			nonce: z.string().regex(/^0x[0-9a-f]{64}$/),
		})
		.strict(),
);

export const decodeError = z
	.object({
		_tag: z.literal('HttpApiDecodeError'),
		issues: z.array(
			z.object({ path: z.array(z.union([z.string(), z.number()])), message: z.string() }).strict(),
		),
		message: z.string(),
	})
	.strict();
