import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { findListings } from '../../api/marketplace';
import { optionsOf, readCollection } from '../../descriptions/options';
import { pagingFields, readLimit } from '../../descriptions/paging';
import { readText, rejectNothing } from '../../domain/parameter';
import type { RowOperation } from '../operation';
import { listingOutput, simplifiedListing, toListingOutput } from './output';

const searchField = { displayName: 'Search', name: 'search' } as const;

/** Each is the name of a query parameter, too. */
const filters: INodeProperties[] = [
	{
		displayName: 'Category',
		name: 'category',
		type: 'string',
		default: '',
		placeholder: 'e.g. data',
		description: 'Only agents of this category',
	},
	{
		displayName: 'Network',
		name: 'network',
		type: 'string',
		default: '',
		placeholder: 'e.g. base',
		description: 'Only agents that can be paid on this network',
	},
	{
		displayName: 'Source',
		name: 'source',
		type: 'options',
		options: optionsOf(['ampersend', 'bazaar', 'catalog', 'registry']),
		default: 'ampersend',
		description: 'Only agents from this list',
	},
];

const filtersField: INodeProperties = {
	displayName: 'Filters',
	name: 'filters',
	type: 'collection',
	placeholder: 'Add Filter',
	default: {},
	options: filters,
};

export const search: RowOperation<typeof listingOutput> = {
	option: {
		name: 'Search',
		value: 'search',
		action: 'Search marketplace',
		description: 'Find agents that sell something to other agents, by words, category or network',
	},
	inSession: 'also',
	fields: [
		{
			...searchField,
			type: 'string',
			default: '',
			placeholder: 'e.g. weather',
			description: 'Looks in names, descriptions, tags and categories. Leave it empty for all.',
		},
		...pagingFields,
		filtersField,
	],
	output: listingOutput,
	simplified: simplifiedListing,

	async execute({ n8n, client, itemIndex }) {
		const get = (name: string, fallback: unknown): unknown =>
			n8n.getNodeParameter(name, itemIndex, fallback);
		const words = get(searchField.name, '');
		rejectNothing(searchField.displayName, words);
		const values: Record<string, unknown> = {
			...readCollection(get, filtersField),
			[searchField.name]: words,
		};
		const texts = [searchField, ...filters].map(({ displayName, name }) => [
			name,
			readText(displayName, values[name]),
		]);
		const query = Object.fromEntries(texts.filter(([, text]) => text !== '')) as IDataObject;
		const limit = readLimit(n8n, itemIndex);
		const found = await findListings(client, query);
		return found.slice(0, limit).map(toListingOutput);
	},
};
