import type { Address } from '../../domain/address';

/** An allowlist as it leaves the node: the service gives a bare list of addresses. */
export function presentAllowlist(agentAddress: Address, sellers: Address[]) {
	return { agentAddress, sellers, count: sellers.length };
}
