import type { Address } from '../../domain/address';
import { withFurther } from '../../domain/json';
import { toIso } from '../../domain/time';
import type { AgentKey } from '../../schemas/agentKey';

/** An agent key as it leaves the node. Fields that are not known here survive as they came. */
export function presentAgentKey(agentAddress: Address, key: AgentKey) {
	const { address, name, created_at, ...unknown } = key;
	return withFurther(
		{
			agentAddress,
			address,
			name: name ?? null,
			createdAt: created_at === undefined ? null : toIso(created_at),
		},
		unknown,
	);
}
