import { randomUUID } from 'node:crypto';
import { notFound } from './problems.mts';

/** An agent in the marketplace, as the API returns it. */
export interface Listing {
	id: string;
	name: string;
	description: string | null;
	source: 'catalog' | 'bazaar' | 'ampersend' | 'registry';
	enabled: boolean;
	category: string;
	tags: string[];
	url: string | null;
	logo_url: string | null;
	docs_url: string | null;
	ampersend_agent_address: string | null;
	created_at: number;
	updated_at: number;
	endpoints: Array<{ id: string; url: string; network: string | null; methods: string[] }>;
	skills: object[];
}

export interface ListingFilter {
	source?: string;
	category?: string;
	search?: string;
	network?: string;
}

export class Marketplace {
	readonly #listings: Listing[] = [];

	constructor(private readonly clock: () => number) {}

	add(init: Partial<Listing> = {}): Listing {
		const now = this.clock();
		const listing: Listing = {
			id: randomUUID(),
			name: `listing ${this.#listings.length + 1}`,
			description: null,
			source: 'catalog',
			enabled: true,
			category: 'data',
			tags: [],
			url: null,
			logo_url: null,
			docs_url: null,
			ampersend_agent_address: null,
			created_at: now,
			updated_at: now,
			endpoints: [],
			skills: [],
			...init,
		};
		this.#listings.push(listing);
		return listing;
	}

	find({ source, category, search = '', network }: ListingFilter): Listing[] {
		return this.#listings.filter(
			(one) =>
				(source === undefined || one.source === source) &&
				(category === undefined || one.category === category) &&
				(network === undefined || one.endpoints.some((endpoint) => endpoint.network === network)) &&
				[one.name, one.description ?? '', one.category, ...one.tags]
					.join(' ')
					.toLowerCase()
					.includes(search.toLowerCase()),
		);
	}

	/** @throws Problem 404 */
	get(id: string): Listing {
		const listing = this.#listings.find((one) => one.id === id);
		if (!listing) throw notFound('Agent not found in the marketplace');
		return listing;
	}
}
