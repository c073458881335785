import * as z from 'zod/v4-mini';

import { withRest } from '../../domain/json';
import { priceFields } from '../../domain/price';
import { simplifiedTo } from '../../domain/simplify';
import { toIsoOrNull } from '../../domain/time';
import type { HostedEndpoint } from '../../schemas/hostedEndpoint';

const text = z.string();
const optional = z.nullable(text);

/**
 * A hosted endpoint as it leaves the node. Fields that the service adds follow unchanged. What the
 * service gives none of that fits is null.
 */
export const hostedEndpointOutput = z.object({
	id: text,
	name: text,
	description: optional,
	enabled: z.boolean(),
	/** Where buyers call it; null while nobody can reach it. */
	accessUrl: optional,
	/** For each call. */
	priceUsdc: text,
	/** Null if the price isn't a whole number of micro-USDC. */
	priceUsdcMicro: optional,
	/** `base` or `base-sepolia`. */
	network: optional,
	proxyUrl: text,
	proxyTimeoutMs: z.nullable(z.number()),
	allowedMethods: z.nullable(z.array(text)),
	/** Names only: the service never returns values. */
	proxyHeaderNames: z.nullable(z.array(text)),
	requiredHeaderNames: z.nullable(z.array(text)),
	rateLimitPerMinute: z.nullable(z.number()),
	/** Markdown. */
	instructions: optional,
	slug: optional,
	agentAddress: text,
	agentSlug: optional,
	createdAt: optional,
	updatedAt: optional,
	deletedAt: optional,
});

export const simplifiedHostedEndpoint = simplifiedTo(
	hostedEndpointOutput,
	[
		'name',
		'description',
		'enabled',
		'priceUsdc',
		'network',
		'accessUrl',
		'proxyUrl',
		'allowedMethods',
		'updatedAt',
	],
	'id',
);

export function toHostedEndpointOutput(
	endpoint: HostedEndpoint,
): z.infer<typeof hostedEndpointOutput> {
	const { id, name, description, enabled, network, slug, access_url, price_usd, ...others } =
		endpoint;
	const { proxy_url, proxy_timeout_ms, allowed_methods, proxy_header_names, ...rest } = others;
	const { required_header_names, rate_limit_per_minute, instructions, ...last } = rest;
	const { agent_address, agent_slug, created_at, updated_at, deleted_at, ...further } = last;
	return withRest(
		{
			id,
			name,
			description,
			enabled,
			accessUrl: access_url,
			...priceFields(price_usd),
			network,
			proxyUrl: proxy_url,
			proxyTimeoutMs: proxy_timeout_ms,
			allowedMethods: allowed_methods,
			proxyHeaderNames: proxy_header_names,
			requiredHeaderNames: required_header_names,
			rateLimitPerMinute: rate_limit_per_minute,
			instructions: instructions?.markdown ?? null,
			slug,
			agentAddress: agent_address,
			agentSlug: agent_slug,
			createdAt: toIsoOrNull(created_at),
			updatedAt: toIsoOrNull(updated_at),
			deletedAt: toIsoOrNull(deleted_at),
		},
		further,
	);
}
