import * as z from 'zod/v4-mini';

import { priceFields } from '../domain/price';
import { simplifiedTo } from '../domain/simplify';
import type { HostedEndpoint, HostedEndpointTest } from '../schemas/hostedEndpoint';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { computed, copied, time } = outputsOf<HostedEndpoint>();

/** What the service gives none of that fits is null. */
export const hostedEndpointOutput = outputOf({
	name: copied('name', text),
	enabled: copied('enabled', z.boolean()),
	/** For each call. */
	priceUsdc: computed(text, ({ price_usd }) => priceFields(price_usd).priceUsdc, 'price_usd'),
	/** Null if the price isn't a whole number of micro-USDC. */
	priceUsdcMicro: computed(textOrNull, ({ price_usd }) => priceFields(price_usd).priceUsdcMicro),
	/** `base` or `base-sepolia`. */
	network: copied('network', textOrNull),
	description: copied('description', textOrNull),
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
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
	deletedAt: time('deleted_at'),
	agentAddress: copied('agent_address', text),
	/** Where buyers call it; null while nobody can reach it. */
	accessUrl: copied('access_url', textOrNull),
	proxyUrl: copied('proxy_url', text),
	slug: copied('slug', textOrNull),
	agentSlug: copied('agent_slug', textOrNull),
	id: copied('id', text),
});

export const simplifiedHostedEndpoint = simplifiedTo(
	hostedEndpointOutput.schema,
	[
		'name',
		'enabled',
		'priceUsdc',
		'network',
		'description',
		'allowedMethods',
		'updatedAt',
		'accessUrl',
		'proxyUrl',
	],
	'id',
);

/** What a change of headers returns. */
export const simplifiedHeaders = simplifiedTo(
	hostedEndpointOutput.schema,
	['name', 'enabled', 'proxyHeaderNames', 'requiredHeaderNames', 'updatedAt', 'accessUrl'],
	'id',
);

const test = outputsOf<HostedEndpointTest, { id: string }>();

/** What a hosted endpoint's API answered to a test. */
export const hostedEndpointTestOutput = outputOf({
	/** HTTP status of the API's answer. */
	status: test.copied('status', z.number()),
	latencyMs: test.copied('latencyMs', z.nullable(z.number())),
	id: test.computed(text, (_, { id }) => id),
});
