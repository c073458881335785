import { randomBytes } from 'node:crypto';
import type { PrivateKeyAccount } from 'viem/accounts';

import { transferTypes } from '../transferTypes.mts';
import { addressId } from './addresses.mts';

/** A transfer of USDC by EIP-3009, as x402 writes it: integers as texts, times in seconds. */
export interface Transfer {
	from: string;
	to: string;
	/** Micro-USDC. */
	value: string;
	validAfter: string;
	validBefore: string;
	/** 32 bytes. */
	nonce: string;
}

/** The EIP-712 domain of a chain's USDC. */
export interface TokenDomain {
	name: string;
	version: string;
	chainId: number;
	verifyingContract: string;
}

type Hex = `0x${string}`;

/** The service's own key, with which it signs beside an agent. It's made at its first use. */
export class ServiceKey {
	#account: Promise<PrivateKeyAccount> | undefined;

	async address(): Promise<string> {
		return (await this.#loaded()).address;
	}

	async signMessage(message: string): Promise<string> {
		return await (await this.#loaded()).signMessage({ message });
	}

	async signTransfer(transfer: Transfer, domain: TokenDomain): Promise<string> {
		const account = await this.#loaded();
		return await account.signTypedData({
			domain: { ...domain, verifyingContract: domain.verifyingContract as Hex },
			types: transferTypes,
			primaryType: 'TransferWithAuthorization',
			message: {
				// viem reads only a correct checksum, or lower case.
				from: addressId(transfer.from) as Hex,
				to: addressId(transfer.to) as Hex,
				value: BigInt(transfer.value),
				validAfter: BigInt(transfer.validAfter),
				validBefore: BigInt(transfer.validBefore),
				nonce: transfer.nonce as Hex,
			},
		});
	}

	/** Loaded when it's needed: most tests sign nothing, and it's 200 files. */
	#loaded(): Promise<PrivateKeyAccount> {
		this.#account ??= import('viem/accounts').then(({ privateKeyToAccount }) =>
			privateKeyToAccount(`0x${randomBytes(32).toString('hex')}`),
		);
		return this.#account;
	}
}
