import * as z from 'zod/v4-mini';

import { withRest } from '../../domain/json';
import { simplifiedTo } from '../../domain/simplify';
import { toIsoOrNull } from '../../domain/time';
import type { Listing } from '../../schemas/listing';

const text = z.string();
const optional = z.nullable(text);

/**
 * An agent in the marketplace. Its endpoints and skills are as the service returns them. What the
 * service gives none of that fits is null.
 */
export const listingOutput = z.object({
	id: text,
	name: text,
	description: optional,
	source: optional,
	category: optional,
	tags: z.nullable(z.array(text)),
	enabled: z.boolean(),
	url: optional,
	docsUrl: optional,
	logoUrl: optional,
	/** Of the same agent at Ampersend, if it is one. */
	agentAddress: optional,
	endpoints: z.nullable(z.array(z.looseObject({}))),
	skills: z.nullable(z.array(z.looseObject({}))),
	createdAt: optional,
	updatedAt: optional,
});

export const simplifiedListing = simplifiedTo(
	listingOutput,
	[
		'name',
		'description',
		'category',
		'tags',
		'url',
		'docsUrl',
		'endpoints',
		'skills',
		'agentAddress',
	],
	'id',
);

export function toListingOutput(listing: Listing): z.infer<typeof listingOutput> {
	const { id, name, description, source, category, tags, enabled, url, ...others } = listing;
	const { docs_url, logo_url, ampersend_agent_address, endpoints, skills, ...rest } = others;
	const { created_at, updated_at, ...further } = rest;
	return withRest(
		{
			id,
			name,
			description,
			source,
			category,
			tags,
			enabled,
			url,
			docsUrl: docs_url,
			logoUrl: logo_url,
			agentAddress: ampersend_agent_address,
			endpoints,
			skills,
			createdAt: toIsoOrNull(created_at),
			updatedAt: toIsoOrNull(updated_at),
		},
		further,
	);
}
