import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { findListings } from '../../api/marketplace';
import { optionsOf, readCollection } from '../../descriptions/options';
import { firstRows, pagingFields, readLimit } from '../../descriptions/paging';
import { readerIn } from '../../descriptions/reader';
import { readPublicText, rejectNothing } from '../../domain/parameter';
import { listingOutput, simplifiedListing } from '../../outputs/listing';
import type { RowOperation } from '../operation';

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

export const search: RowOperation<typeof listingOutput.schema> = {
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
	output: listingOutput.schema,
	simplified: simplifiedListing,

	async execute({ client, read, hint }) {
		const words = read(searchField, (parameter, value) => {
			rejectNothing(parameter, value);
			return readPublicText(parameter, value);
		});
		const readFilter = readerIn(readCollection(read, filtersField));
		const texts = filters.map((field) => [field.name, readFilter(field, readPublicText)]);
		const entries = [[searchField.name, words], ...texts].filter(([, text]) => text !== '');
		const query = Object.fromEntries(entries) as IDataObject;
		const limit = readLimit(read);
		const found = await findListings(client, query);
		const first = firstRows(found, limit, 'listings', hint);
		return first.map((listing) => listingOutput.of(listing));
	},
};
