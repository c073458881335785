import type { Address } from './address';

const EXPLORERS = new Map([
	['eip155:8453', 'https://basescan.org'],
	['eip155:84532', 'https://sepolia.basescan.org'],
]);

export function isKnownChain(chain: string): boolean {
	return EXPLORERS.has(chain);
}

const TRANSACTION_HASH = /^0x[0-9a-f]{64}$/i;

export function isTransactionHash(text: string | null): text is string {
	return text !== null && TRANSACTION_HASH.test(text);
}

/** Link to a transaction in its chain's explorer; null for an unknown chain or an invalid hash. */
export function explorerUrl(chain: string | null, transactionHash: string | null): string | null {
	const explorer = chain === null ? undefined : EXPLORERS.get(chain);
	return explorer && isTransactionHash(transactionHash)
		? `${explorer}/tx/${transactionHash}`
		: null;
}

/** Link to an account in its chain's explorer; undefined for an unknown chain. */
export function accountUrl(chain: string, address: Address): string | undefined {
	const explorer = EXPLORERS.get(chain);
	return explorer && `${explorer}/address/${address}`;
}
