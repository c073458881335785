import type { INodeParameters } from 'n8n-workflow';

import type { RunOptions } from './n8n.mts';
import type { UnderTest } from './setup.mts';

/** Get and Update of a resource that is one group of settings of an agent. */
export function settingsOf(ampersend: UnderTest, resource: 'spendingLimit' | 'autoCollect') {
	const run =
		(operation: string) =>
		(address: string, fields: INodeParameters, options?: Partial<RunOptions>) =>
			ampersend.run(
				{ resource, operation, agent: { __rl: true, mode: 'address', value: address }, ...fields },
				options,
			);
	return {
		get: ({ address }: { address: string }, options?: Partial<RunOptions>) =>
			run('get')(address, {}, options),
		update: (
			{ address }: { address: string },
			updateFields: INodeParameters,
			options?: Partial<RunOptions>,
		) => run('update')(address, { updateFields }, options),
		/** What the service was told to store, write by write. */
		bodies: () =>
			ampersend.emulator.calls.filter(({ method }) => method === 'PUT').map(({ body }) => body),
	};
}
