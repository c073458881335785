import * as z from 'zod/v4-mini';

import { withFurther } from '../../domain/json';
import { simplifiedTo } from '../../domain/simplify';
import { toIso } from '../../domain/time';
import type { Listing } from '../../schemas/listing';

const text = z.string();
const optional = z.nullable(text);

/** An agent in the marketplace. Its endpoints and skills are as the service returns them. */
export const listingOutput = z.object({
	id: text,
	name: text,
	description: optional,
	source: text,
	category: text,
	tags: z.array(text),
	enabled: z.boolean(),
	url: optional,
	docsUrl: optional,
	logoUrl: optional,
	/** Of the same agent at Ampersend, if it is one. */
	agentAddress: optional,
	endpoints: z.array(z.looseObject({})),
	skills: z.array(z.looseObject({})),
	createdAt: text,
	updatedAt: text,
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
	return withFurther(
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
			createdAt: toIso(created_at),
			updatedAt: toIso(updated_at),
		},
		further,
	);
}
