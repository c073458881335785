import * as z from 'zod/v4-mini';

import { priceFields } from '../domain/price';
import { simplifiedTo } from '../domain/simplify';
import type { HostedEndpoint, HostedEndpointTest } from '../schemas/hostedEndpoint';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { computed, copied, time } = outputsOf<HostedEndpoint>();

/** What the service gives none of that fits is null. */
export const hostedEndpointOutput = outputOf({
	id: copied('id', text),
	name: copied('name', text),
	description: copied('description', textOrNull),
	enabled: copied('enabled', z.boolean()),
	/** Where buyers call it; null while nobody can reach it. */
	accessUrl: copied('access_url', textOrNull),
	/** For each call. */
	priceUsdc: computed(text, ({ price_usd }) => priceFields(price_usd).priceUsdc, 'price_usd'),
	/** Null if the price isn't a whole number of micro-USDC. */
	priceUsdcMicro: computed(textOrNull, ({ price_usd }) => priceFields(price_usd).priceUsdcMicro),
	/** `base` or `base-sepolia`. */
	network: copied('network', textOrNull),
	proxyUrl: copied('proxy_url', text),
	proxyTimeoutMs: copied('proxy_timeout_ms', z.nullable(z.number())),
	allowedMethods: copied('allowed_methods', z.nullable(z.array(text))),
	/** Names only: the service never returns values. */
	proxyHeaderNames: copied('proxy_header_names', z.nullable(z.array(text))),
	requiredHeaderNames: copied('required_header_names', z.nullable(z.array(text))),
	rateLimitPerMinute: copied('rate_limit_per_minute', z.nullable(z.number())),
	/** Markdown. */
	instructions: computed(
		textOrNull,
		({ instructions }) => instructions?.markdown ?? null,
		'instructions',
	),
	slug: copied('slug', textOrNull),
	agentAddress: copied('agent_address', text),
	agentSlug: copied('agent_slug', textOrNull),
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
	deletedAt: time('deleted_at'),
});

export const simplifiedHostedEndpoint = simplifiedTo(
	hostedEndpointOutput.schema,
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

const test = outputsOf<HostedEndpointTest, { id: string }>();

/** What a hosted endpoint's API answered to a test. */
export const hostedEndpointTestOutput = outputOf({
	id: test.computed(text, (_, { id }) => id),
	/** HTTP status of the API's answer. */
	status: test.copied('status', z.number()),
	latencyMs: test.copied('latencyMs', z.nullable(z.number())),
});
