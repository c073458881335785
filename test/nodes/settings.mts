import type { INodeParameters } from 'n8n-workflow';

import type { RunOptions } from './n8nCore.mts';
import type { UnderTest } from './setup.mts';

/** Get and Update of a resource that is one group of an agent's settings. */
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
		/** The bodies that were sent to the service, one for each write. */
		bodies: () =>
			ampersend.emulator.calls.filter(({ method }) => method === 'PUT').map(({ body }) => body),
	};
}
