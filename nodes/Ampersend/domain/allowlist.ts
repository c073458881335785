import type { Address } from './address';
import { addressKey, uniqueAddresses } from './address';

export const allowlistModes = ['add', 'remove', 'replace'] as const;
export type AllowlistMode = (typeof allowlistModes)[number];

/** The entries of `list` that are not in `other`, in any letter case. */
export function without(list: Address[], other: Address[]): Address[] {
	const keys = new Set(other.map(addressKey));
	return list.filter((address) => !keys.has(addressKey(address)));
}

/** The allowlist to ask for. The spelling that is on the list already is kept. */
export function changeAllowlist(
	mode: AllowlistMode,
	current: Address[],
	sellers: Address[],
): Address[] {
	switch (mode) {
		case 'add':
			return uniqueAddresses([...current, ...sellers]);
		case 'remove':
			return without(uniqueAddresses(current), sellers);
		case 'replace':
			return uniqueAddresses(sellers);
	}
}

/** How the list that the service answered with differs from the one that was asked for. */
export interface Difference {
	/** On the list, though nobody here asked for it. */
	unexpected: Address[];
	/** Asked for, but not on the list. */
	missing: Address[];
}

export function compareAllowlists(asked: Address[], answered: Address[]): Difference {
	return { unexpected: without(answered, asked), missing: without(asked, answered) };
}

export function isSame({ unexpected, missing }: Difference): boolean {
	return unexpected.length + missing.length === 0;
}

/** For a sentence that begins with the list that was answered. */
export function describeDifference({ unexpected, missing }: Difference): string {
	return [
		unexpected.length > 0 ? `also holds ${unexpected.join(', ')}` : '',
		missing.length > 0 ? `lacks ${missing.join(', ')}` : '',
	]
		.filter((part) => part !== '')
		.join(' and ');
}
