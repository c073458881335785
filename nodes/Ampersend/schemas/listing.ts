import * as z from 'zod/v4-mini';

import { address, someText, timestamp } from './common';

/**
 * An agent in the marketplace, with the endpoints that it sells and its skills. Source: SDK,
 * curated-agent.ts: CuratedAgentDTO.
 */
export const listing = z.looseObject({
	id: someText,
	name: someText,
	description: z.nullable(z.string()),
	/** `catalog`, `bazaar`, `ampersend`, `registry`, or one that is new. */
	source: someText,
	enabled: z.boolean(),
	category: someText,
	tags: z.array(z.string()),
	url: z.nullable(z.string()),
	logo_url: z.nullable(z.string()),
	docs_url: z.nullable(z.string()),
	ampersend_agent_address: z.nullable(address),
	created_at: timestamp,
	updated_at: timestamp,
	endpoints: z.array(z.looseObject({})),
	skills: z.array(z.looseObject({})),
});

export type Listing = z.infer<typeof listing>;

export const listings = z.array(listing);
