import type { Address } from '../address';

/** A chain on which agents pay with USDC. */
export interface Chain {
	/** As people call it. */
	name: string;
	/** CAIP-2, as version 2 of x402 has it. */
	id: string;
	/** The same in version 1. */
	nameInV1: string;
	usdc: Address;
	/** What USDC signs transfers under: its EIP-712 domain. */
	domain: { name: string; version: string; separator: string };
}

/**
 * The chains that Ampersend and its SDK use.
 * Source: x402 (names), Circle (contracts); the separators follow from the rest.
 */
export const base: Chain = {
	name: 'Base',
	id: 'eip155:8453',
	nameInV1: 'base',
	usdc: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913',
	domain: {
		name: 'USD Coin',
		version: '2',
		separator: '02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f',
	},
};

export const baseSepolia: Chain = {
	name: 'Base Sepolia',
	id: 'eip155:84532',
	nameInV1: 'base-sepolia',
	usdc: '0x036CbD53842c5426634e7929541eC2318f3dCF7e',
	domain: {
		name: 'USDC',
		version: '2',
		separator: '71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818',
	},
};

export const chains: readonly Chain[] = [base, baseSepolia];
