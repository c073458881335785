import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';

import { allAgents, withClient } from './listSearch';

async function getAgents(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return await withClient(this, allAgents);
}

export const loadOptions = { getAgents };
