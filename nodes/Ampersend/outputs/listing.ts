import * as z from 'zod/v4-mini';

import { simplifiedTo } from '../domain/simplify';
import type { Listing } from '../schemas/listing';
import { outputOf, outputsOf, text, textOrNull } from './output';

const { copied, time } = outputsOf<Listing>();

const records = z.nullable(z.array(z.looseObject({})));

/**
 * An agent in the marketplace. Its endpoints and skills are as the service returns them. What the
 * service gives none of that fits is null.
 */
export const listingOutput = outputOf({
	name: copied('name', text),
	description: copied('description', textOrNull),
	source: copied('source', textOrNull),
	category: copied('category', textOrNull),
	tags: copied('tags', z.nullable(z.array(text))),
	enabled: copied('enabled', z.boolean()),
	endpoints: copied('endpoints', records),
	skills: copied('skills', records),
	createdAt: time('created_at'),
	updatedAt: time('updated_at'),
	/** Of the same agent at Ampersend, if it is one. */
	agentAddress: copied('ampersend_agent_address', textOrNull),
	url: copied('url', textOrNull),
	docsUrl: copied('docs_url', textOrNull),
	logoUrl: copied('logo_url', textOrNull),
	id: copied('id', text),
});

export const simplifiedListing = simplifiedTo(
	listingOutput.schema,
	[
		'name',
		'description',
		'category',
		'tags',
		'endpoints',
		'skills',
		'agentAddress',
		'url',
		'docsUrl',
	],
	'id',
);
