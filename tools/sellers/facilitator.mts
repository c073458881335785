import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { decodeAbiParameters, hashTypedData, recoverAddress, size, slice, type Hex } from 'viem';
import { transferTypes } from '../transferTypes.mts';

/** An agent, and the addresses of the keys that sign for it. */
export interface Payer {
	address: string;
	keys: string[];
}

/** A transfer that is on the ledger. */
export interface Settled {
	from: string;
	to: string;
	/** Micro-USDC. */
	value: string;
	nonce: string;
	/** Made up. */
	transaction: string;
	x402Version: number;
	/** Whose envelope the signature was in. */
	keyKind: 'coSigned' | 'fullAccess';
}

/** A request that came to another host, with a payment header or without. */
export interface Stray {
	path: string;
	headers: Record<string, string>;
}

export interface FacilitatorOptions {
	chainId: number;
	usdc: { address: string; name: string };
	/** Who signs beside agents. */
	serviceKeyAddress: string;
	agents: Payer[];
}

interface Transfer {
	from: Hex;
	to: Hex;
	value: string;
	validAfter: string;
	validBefore: string;
	nonce: Hex;
}

/** What a seller sends to have a payment verified or settled. */
interface Question {
	x402Version: number;
	paymentPayload: { payload: { signature: Hex; authorization: Transfer } };
	paymentRequirements: {
		network: string;
		payTo: string;
		maxAmountRequired?: string;
		amount?: string;
	};
}

const ownableValidator = '0x000000000013fdB5234E4E3162a810F54d9f7E98';
const coSignerValidator = '0x375992f0Eff108D87eAcD355B610bE2263B49bF8';

/** A transfer has to stay valid for that long, so that it gets on chain. */
const MARGIN_SECONDS = 6;

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Checks payments as a facilitator does, and keeps a ledger in place of a chain. */
export class Facilitator {
	readonly #settled: Settled[] = [];
	readonly #strays: Stray[] = [];
	readonly #app = fastify();

	constructor(private readonly options: FacilitatorOptions) {
		const kinds = [1, 2].map((x402Version) => ({
			x402Version,
			scheme: 'exact',
			network: x402Version === 1 ? this.#nameOfV1() : `eip155:${options.chainId}`,
		}));
		this.#app.get('/supported', () => ({ kinds, extensions: [], signers: {} }));
		this.#app.post('/verify', async ({ body }) => await this.#verify(body as Question));
		this.#app.post('/settle', async ({ body }) => await this.#settle(body as Question));
		this.#app.get('/ledger', () => this.#settled);
		this.#app.get('/strays', () => this.#strays);
		this.#app.all('/elsewhere/*', ({ url, headers }) => {
			const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
			this.#strays.push({ path: url, headers: Object.fromEntries(texts) as Stray['headers'] });
			return { elsewhere: true };
		});
	}

	/** @returns its URL */
	async listen(): Promise<string> {
		await this.#app.listen({ host: '127.0.0.1', port: 0 });
		return `http://127.0.0.1:${(this.#app.server.address() as AddressInfo).port}`;
	}

	async close(): Promise<void> {
		this.#app.server.closeAllConnections();
		await this.#app.close();
	}

	#nameOfV1(): string {
		return this.options.chainId === 8453 ? 'base' : 'base-sepolia';
	}

	async #verify(question: Question): Promise<object> {
		const payer = question.paymentPayload.payload.authorization.from;
		const invalidReason = this.#objection(question) ?? (await this.#kindOfKey(question)).invalid;
		return invalidReason === undefined
			? { isValid: true, payer }
			: { isValid: false, invalidReason, payer };
	}

	async #settle(question: Question): Promise<object> {
		const { x402Version, paymentPayload, paymentRequirements } = question;
		const { from, to, value, nonce } = paymentPayload.payload.authorization;
		const answer = { payer: from, network: paymentRequirements.network };
		const { keyKind, invalid } = await this.#kindOfKey(question);
		// After what is awaited: of two that settle at once, the second finds the nonce used.
		const errorReason = this.#objection(question) ?? invalid;
		if (errorReason !== undefined || keyKind === undefined)
			return { ...answer, success: false, errorReason, transaction: '' };
		const transaction = `0x${randomBytes(32).toString('hex')}`;
		this.#settled.push({ from, to, value, nonce, transaction, x402Version, keyKind });
		return { ...answer, success: true, transaction };
	}

	/** What is wrong apart from the signature, in x402's words. */
	#objection({ x402Version, paymentPayload, paymentRequirements }: Question): string | undefined {
		const { authorization } = paymentPayload.payload;
		const { to, value, validAfter, validBefore, from, nonce } = authorization;
		const { payTo, maxAmountRequired, amount } = paymentRequirements;
		const now = Math.floor(Date.now() / 1000);
		const price = BigInt(maxAmountRequired ?? amount ?? 0);
		const isUsed = this.#settled.some((one) => isSame(one.from, from) && isSame(one.nonce, nonce));
		if (!isSame(to, payTo)) return 'invalid_exact_evm_payload_recipient_mismatch';
		if (Number(validBefore) < now + MARGIN_SECONDS)
			return 'invalid_exact_evm_payload_authorization_valid_before';
		if (Number(validAfter) > now) return 'invalid_exact_evm_payload_authorization_valid_after';
		// The first version takes more than the price.
		if (x402Version === 1 ? BigInt(value) < price : BigInt(value) !== price)
			return 'invalid_exact_evm_payload_authorization_value';
		return isUsed ? 'invalid_exact_evm_nonce_already_used' : undefined;
	}

	/** By the envelope of the signature, which says which keys must have signed. */
	async #kindOfKey({
		paymentPayload: { payload },
	}: Question): Promise<{ keyKind?: Settled['keyKind']; invalid?: string }> {
		const invalid = 'invalid_exact_evm_payload_signature';
		const { signature, authorization } = payload;
		const payer = this.options.agents.find(({ address }) => isSame(address, authorization.from));
		if (!payer || size(signature) < 20) return { invalid };
		const isAgent = (one: string) => payer.keys.some((key) => isSame(key, one));
		const [validator, proof] = [slice(signature, 0, 20), slice(signature, 20)];
		const digest = this.#digest(authorization);
		try {
			if (isSame(validator, ownableValidator) && size(proof) === 65) {
				const signer = await recoverAddress({ hash: digest, signature: proof });
				return isAgent(signer) ? { keyKind: 'fullAccess' } : { invalid };
			}
			if (!isSame(validator, coSignerValidator)) return { invalid };
			const proofs = decodeAbiParameters([{ type: 'bytes' }, { type: 'bytes' }], proof);
			const [agent, service] = await Promise.all(
				proofs.map(async (one) => await recoverAddress({ hash: digest, signature: one })),
			);
			const isBoth = isAgent(agent ?? '') && isSame(service ?? '', this.options.serviceKeyAddress);
			return isBoth ? { keyKind: 'coSigned' } : { invalid };
		} catch {
			// What can't be decoded is no signature.
			return { invalid };
		}
	}

	#digest({ from, to, value, validAfter, validBefore, nonce }: Transfer): Hex {
		const { chainId, usdc } = this.options;
		return hashTypedData({
			domain: {
				name: usdc.name,
				version: '2',
				chainId,
				verifyingContract: usdc.address as Hex,
			},
			types: transferTypes,
			primaryType: 'TransferWithAuthorization',
			message: {
				from,
				to,
				value: BigInt(value),
				validAfter: BigInt(validAfter),
				validBefore: BigInt(validBefore),
				nonce,
			},
		});
	}
}
