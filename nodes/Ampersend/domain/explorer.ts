const EXPLORERS = new Map([
	['eip155:8453', 'https://basescan.org/tx/'],
	['eip155:84532', 'https://sepolia.basescan.org/tx/'],
]);

export function isKnownChain(chain: string): boolean {
	return EXPLORERS.has(chain);
}

const TRANSACTION_HASH = /^0x[0-9a-f]{64}$/i;

/** Link to a transaction in its chain's explorer; null for an unknown chain or an invalid hash. */
export function explorerUrl(chain: string | null, transactionHash: string | null): string | null {
	const explorer = chain === null ? undefined : EXPLORERS.get(chain);
	if (!explorer || transactionHash === null || !TRANSACTION_HASH.test(transactionHash)) return null;
	return explorer + transactionHash;
}
