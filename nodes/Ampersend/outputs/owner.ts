import type { FundingLink, Owner } from '../schemas/owner';
import { outputOf, outputsOf, text } from './output';

const { copied } = outputsOf<Owner>();

export const ownerOutput = outputOf({
	/** UUID of the account. */
	userId: copied('user_id', text),
	walletAddress: copied('wallet_address', text),
});

export const fundingLinkOutput = outputOf({ url: outputsOf<FundingLink>().copied('url', text) });
