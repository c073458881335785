import { explorerUrl } from '../domain/explorer';
import { outputsOf, textOrNull } from './output';

const { computed, copied } = outputsOf<
	{ chain_caip2id: string | null; tx_hash: string | null },
	unknown
>();

/** Where a payment is on its chain. */
export const onChain = {
	explorerUrl: computed(textOrNull, ({ chain_caip2id, tx_hash }) =>
		explorerUrl(chain_caip2id, tx_hash),
	),
	transactionHash: copied('tx_hash', textOrNull),
	/** CAIP-2. */
	chain: copied('chain_caip2id', textOrNull),
};
