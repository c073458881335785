import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';

import { listSearch } from './listSearch';

async function getAgents(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const { results } = await listSearch.searchAgents.call(this);
	return results;
}

export const loadOptions = { getAgents };
