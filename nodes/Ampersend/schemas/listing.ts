import * as z from 'zod/v4-mini';

import { address, ifFits, link, list, someText, timestamp } from './common';

/**
 * An agent in the marketplace, with the endpoints that it sells and its skills. Source: SDK,
 * curated-agent.ts: CuratedAgentDTO.
 */
export const listing = z.looseObject({
	id: someText,
	name: someText,
	description: ifFits(z.string()),
	/** `catalog`, `bazaar`, `ampersend`, `registry`, or one that is new. */
	source: ifFits(someText),
	enabled: z.boolean(),
	category: ifFits(someText),
	tags: ifFits(z.array(z.string())),
	url: ifFits(link),
	logo_url: ifFits(link),
	docs_url: ifFits(link),
	ampersend_agent_address: ifFits(address),
	created_at: ifFits(timestamp),
	updated_at: ifFits(timestamp),
	endpoints: ifFits(z.array(z.looseObject({}))),
	skills: ifFits(z.array(z.looseObject({}))),
});

export type Listing = z.infer<typeof listing>;

export const listings = list(listing, 'listings', 'agents');
