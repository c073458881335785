import type { Address } from './address';
import { addressKey, uniqueAddresses } from './address';

export const allowlistModes = ['add', 'remove', 'replace'] as const;
export type AllowlistMode = (typeof allowlistModes)[number];

/** The entries of `list` that are not in `other`, in any letter case. */
export function without(list: Address[], other: Address[]): Address[] {
	const keys = new Set(other.map(addressKey));
	return list.filter((address) => !keys.has(addressKey(address)));
}

/** The list to send. Addresses that are on the list keep their letter case. */
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

/** How the list that the service answered with differs from the one that was sent. */
export interface Difference {
	/** On the list, and not sent. */
	unexpected: Address[];
	/** Sent, and not on the list. */
	missing: Address[];
}

export function compareAllowlists(sent: Address[], answered: Address[]): Difference {
	return { unexpected: without(answered, sent), missing: without(sent, answered) };
}

export function isSame({ unexpected, missing }: Difference): boolean {
	return unexpected.length + missing.length === 0;
}

/** Continues a sentence about the list that the service answered with. */
export function describeDifference({ unexpected, missing }: Difference): string {
	return [
		unexpected.length > 0 ? `also has ${unexpected.join(', ')}` : '',
		missing.length > 0 ? `doesn't have ${missing.join(', ')}` : '',
	]
		.filter((part) => part !== '')
		.join(' and ');
}
