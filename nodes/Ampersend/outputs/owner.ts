import type { FundingLink, Owner } from '../schemas/owner';
import { outputOf, outputsOf, text } from './output';

const { copied } = outputsOf<Owner>();

export const ownerOutput = outputOf({
	walletAddress: copied('wallet_address', text),
	/** UUID of the account. */
	userId: copied('user_id', text),
});

export const fundingLinkOutput = outputOf({ url: outputsOf<FundingLink>().copied('url', text) });
