import * as z from 'zod/v4-mini';

import { isUsdPrice } from '../domain/price';
import { address, ifFits, link, list, someText, timestamp } from './common';

const count = z.number().check(z.nonnegative());

/**
 * An API that an agent sells: Ampersend takes the payment and passes the request on. Source: branch
 * feat/agent-hosted-endpoints of the SDK, hosted-endpoint.ts: HostedEndpointDTO.
 */
export const hostedEndpoint = z.looseObject({
	id: someText,
	agent_address: address,
	agent_slug: ifFits(z.string()),
	/** Null until the agent has its public name. */
	access_url: ifFits(link),
	slug: ifFits(z.string()),
	name: someText,
	description: ifFits(z.string()),
	/** USD, which is USDC here. */
	price_usd: z.union([z.number(), z.string()]).check(z.refine(isUsdPrice, 'is not a price')),
	network: ifFits(z.string()),
	proxy_url: z.string(),
	proxy_timeout_ms: ifFits(count),
	allowed_methods: ifFits(z.array(z.string())),
	proxy_header_names: ifFits(z.array(z.string())),
	required_header_names: ifFits(z.array(z.string())),
	rate_limit_per_minute: ifFits(count),
	instructions: ifFits(z.looseObject({ markdown: z.string() })),
	enabled: z.boolean(),
	created_at: ifFits(timestamp),
	updated_at: ifFits(timestamp),
	deleted_at: z.nullable(timestamp),
});

export type HostedEndpoint = z.infer<typeof hostedEndpoint>;

export const hostedEndpoints = list(hostedEndpoint, 'hosted_endpoints', 'endpoints');

/** The answer of the proxied API to a test. Source: the same, TestResponse. */
export const hostedEndpointTest = z.looseObject({
	/** HTTP status. */
	status: z.number(),
	latencyMs: ifFits(z.number()),
});

export type HostedEndpointTest = z.infer<typeof hostedEndpointTest>;

/** Signs what Ampersend passes on. Source: the same, RotateSecretResponse. */
export const signingSecret = z.looseObject({ signingSecret: someText });

/** What makes an endpoint, without its agent. Source: the same, HostedEndpointInput. */
export interface HostedEndpointInput {
	name: string;
	price_usd: number;
	proxy_url: string;
	allowed_methods?: string[];
	description?: string;
	instructions?: { markdown: string } | null;
	proxy_headers?: Record<string, string>;
	/** Their values mean nothing (SDK branch, endpoint.ts sends empty ones). */
	required_headers?: Record<string, string>;
	proxy_timeout_ms?: number;
	rate_limit_per_minute?: number;
}

export type HostedEndpointUpdate = Partial<
	Omit<HostedEndpointInput, 'proxy_headers' | 'required_headers'>
> & { enabled?: boolean };
