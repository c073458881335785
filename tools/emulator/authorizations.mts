import { randomUUID } from 'node:crypto';
import { addressId, isAddress, randomHash } from './addresses.mts';
import type { AuthorizeInput, ReportInput } from './decode.mts';
import { deployments, type Deployment } from './deployments.mts';
import type { ServiceKey, TokenDomain, Transfer } from './serviceKey.mts';
import type { Agent, Entry, PaymentKey, World } from './world.mts';

/** How long a transfer that the service signs or suggests can be used at most. */
const MAX_VALIDITY_SECONDS = 600;

/** How far a transfer's start is back, for clocks that are slow. */
const SLACK_SECONDS = 600;

export type AuthorizationStatus = 'reserved' | 'settled' | 'rejected' | 'expired' | 'declined';

export interface Rejected {
	/** Its index among the seller's offers. */
	acceptsIndex: number;
	reason: string;
	reasonCode: string;
}

/** An agent's request to pay, and what became of it. */
export interface Authorization {
	/** Also the id of its row of activity; null if no row could be made of it. */
	paymentId: string | null;
	agentAddress: string;
	/** As it was decoded: without unknown fields. */
	asked: AuthorizeInput;
	/** Epoch milliseconds. */
	at: number;
	status: AuthorizationStatus;
	keyKind: PaymentKey;
	/** The index of the offer; null if it was declined. */
	selected: number | null;
	alternatives: number[];
	rejected: Rejected[];
	/** Of the selected offer, or of the first one that was declined. */
	amountMicro: bigint | null;
	payTo: string | null;
	/** Of the co-signature or the suggestion, or else of the first report. */
	nonce: string | null;
	/** Until when the amount is reserved, in seconds; null if it was declined. */
	validBefore: number | null;
	/** The id that the reports of this payment have. */
	reportId: string | null;
}

/** What an agent reported of a payment. */
export interface PaymentReport {
	/** The same for all reports of one payment. */
	id: string;
	type: ReportInput['event']['type'];
	reason: string | null;
	/** As answered. */
	paymentId: string;
	agentAddress: string;
	transfer: Transfer;
	/** Epoch milliseconds. */
	at: number;
}

/** What both versions of x402 have. */
interface Offer {
	scheme: string;
	/** CAIP-2, or as sent if it's unknown. */
	network: string;
	amount: string;
	asset: string;
	payTo: string;
	maxTimeoutSeconds: number;
}

/** What is left of limits, in micro-USDC; null if there is no limit. */
export interface Left {
	daily: bigint | null;
	monthly: bigint | null;
}

/** The names of x402's first version. */
const chainOf: Readonly<Record<string, string>> = {
	base: deployments.production.chain,
	'base-sepolia': deployments.sandbox.chain,
};

function offersOf(request: AuthorizeInput['paymentRequest']): Offer[] {
	if (request.protocol === 'x402-v2') return request.data.accepts;
	return request.data.accepts.map(({ maxAmountRequired, network, ...others }) => ({
		...others,
		amount: maxAmountRequired,
		network: chainOf[network] ?? network,
	}));
}

const isAmount = (text: string): boolean => /^[1-9]\d*$/.test(text);

const isBelow = (left: bigint | null, amount: bigint): boolean => left !== null && left < amount;

const less = (left: bigint | null, amount: bigint): string | null =>
	left === null ? null : String(left - amount);

/** What agents pay: what is allowed, reserved, signed and reported. */
export class Authorizations {
	readonly #all: Authorization[] = [];
	readonly #reports: PaymentReport[] = [];

	constructor(
		private readonly deployment: Deployment,
		private readonly world: World,
		private readonly serviceKey: ServiceKey,
	) {}

	/** Copies, in order. */
	all(): Authorization[] {
		this.expire();
		return structuredClone(this.#all);
	}

	/** Copies, in order. */
	reports(): PaymentReport[] {
		return structuredClone(this.#reports);
	}

	/** In UTC days and months, by what is settled or reserved. */
	leftOf({ agent, history }: Entry): Left {
		const now = new Date(this.world.clock());
		const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
		const left = (limit: string | null | undefined, from: number): bigint | null => {
			if (limit === null || limit === undefined) return null;
			let rest = BigInt(limit);
			for (const row of history.newestFirst(from)) {
				if (row.type === 'spend' && row.status === 'settled') rest -= row.amountMicro;
			}
			for (const one of this.#reserved(agent)) {
				if (one.at >= from) rest -= one.amountMicro ?? 0n;
			}
			return rest > 0n ? rest : 0n;
		};
		return {
			daily: left(agent.spendConfig?.daily_limit, Date.UTC(year, month, day)),
			monthly: left(agent.spendConfig?.monthly_limit, Date.UTC(year, month)),
		};
	}

	/** Frees what was reserved and not used in time. */
	expire(): void {
		for (const one of this.#all) {
			const isOver = (one.validBefore ?? 0) * 1000 <= this.world.clock();
			if (one.status === 'reserved' && isOver) this.#end(one, 'expired');
		}
	}

	/** Selects the first offer that is allowed. @returns the answer */
	async authorize(entry: Entry, asked: AuthorizeInput): Promise<object> {
		const { agent } = entry;
		const offers = offersOf(asked.paymentRequest);
		const left = this.leftOf(entry);
		const authorization = this.#judged(agent, asked, left);
		const { selected, alternatives, rejected } = authorization;
		this.#all.push(authorization);
		const offer = selected === null ? undefined : offers[selected];
		if (selected === null || !offer) {
			this.#decline(authorization, offers);
			return { authorized: { selected: null, alternatives: [] }, rejected };
		}
		// Before anything is awaited: another request must not have the same budget.
		this.#reserve(authorization, agent, offer);
		const { coSignature, suggested } = await this.#proofs(authorization, agent);
		const option = (acceptsIndex: number) => {
			const amount = BigInt(offers[acceptsIndex]?.amount ?? 0);
			const dailyRemaining = less(left.daily, amount);
			const monthlyRemaining = less(left.monthly, amount);
			return { acceptsIndex, limits: { dailyRemaining, monthlyRemaining } };
		};
		return {
			authorized: {
				selected: { ...option(selected), ...(coSignature && { coSignature }) },
				alternatives: alternatives.map(option),
			},
			rejected,
			...(suggested && { suggested }),
		};
	}

	/** Remembers a report, and does what it says. @returns the answer */
	report(agentAddress: string, { id, payment, event }: ReportInput): object {
		const transfer = payment.data.payload.authorization;
		const authorization = this.#authorizationOf(agentAddress, id, transfer);
		const before = this.#reports.find(
			(one) => one.id === id && addressId(one.agentAddress) === addressId(agentAddress),
		);
		const paymentId = authorization?.paymentId ?? before?.paymentId ?? randomUUID();
		this.#reports.push({
			id,
			type: event.type,
			reason: 'reason' in event ? event.reason : null,
			paymentId,
			agentAddress,
			transfer,
			at: this.world.clock(),
		});
		if (authorization) {
			authorization.reportId ??= id;
			authorization.nonce ??= transfer.nonce;
			if (event.type === 'accepted') this.#end(authorization, 'settled');
			const isOpen = authorization.status === 'reserved';
			if (event.type === 'rejected' && isOpen) this.#end(authorization, 'rejected');
		}
		return { received: true, paymentId };
	}

	#reserved(agent: Agent): Authorization[] {
		return this.#all.filter(
			({ status, agentAddress }) => status === 'reserved' && agentAddress === agent.address,
		);
	}

	/** Which offers an agent can have; nothing is reserved yet. */
	#judged(agent: Agent, asked: AuthorizeInput, left: Left): Authorization {
		const rejected: Rejected[] = [];
		const allowed: number[] = [];
		for (const [acceptsIndex, offer] of offersOf(asked.paymentRequest).entries()) {
			const objection = this.#objection(agent, offer, left);
			if (objection)
				rejected.push({ acceptsIndex, reason: objection[1], reasonCode: objection[0] });
			else allowed.push(acceptsIndex);
		}
		const [selected = null, ...alternatives] = allowed;
		return {
			paymentId: null,
			agentAddress: agent.address,
			asked,
			at: this.world.clock(),
			status: 'declined',
			keyKind: agent.paymentKey,
			selected,
			alternatives,
			rejected,
			amountMicro: null,
			payTo: null,
			nonce: null,
			validBefore: null,
			reportId: null,
		};
	}

	/** Why an agent can't have an offer: a code, and a text. */
	#objection(agent: Agent, offer: Offer, left: Left): [code: string, text: string] | undefined {
		const { scheme, network, amount, asset, payTo } = offer;
		const { allowlist, spendConfig } = agent;
		const { chain, usdcContract } = this.deployment;
		if (scheme !== 'exact') return ['unsupported_scheme', `Scheme ${scheme} is not supported`];
		if (network !== chain) return ['unsupported_network', `Network ${network} is not supported`];
		if (addressId(asset) !== addressId(usdcContract))
			return ['unsupported_asset', `Asset ${asset} is not USDC`];
		if (!isAmount(amount)) return ['invalid_amount', `Amount ${amount} is not a whole number`];
		if (!isAddress(payTo)) return ['invalid_seller', `Seller ${payTo} is not an address`];
		const isAuthorized = allowlist.some((seller) => addressId(seller) === addressId(payTo));
		if (allowlist.length > 0 && !isAuthorized)
			return ['seller_not_authorized', `Seller ${payTo} is not authorized`];
		const each = spendConfig?.per_transaction_limit ?? null;
		const exceeded = [
			['per_tx', 'Per-transaction', each === null ? null : BigInt(each)] as const,
			['daily', 'Daily', left.daily] as const,
			['monthly', 'Monthly', left.monthly] as const,
		].find(([, , rest]) => isBelow(rest, BigInt(amount)));
		return exceeded && [`${exceeded[0]}_limit_exceeded`, `${exceeded[1]} limit exceeded`];
	}

	#decline(authorization: Authorization, offers: Offer[]): void {
		const offer = offers.find(({ amount, payTo }) => isAmount(amount) && isAddress(payTo));
		if (!offer) return;
		authorization.amountMicro = BigInt(offer.amount);
		authorization.payTo = offer.payTo;
		authorization.paymentId = this.world.pay({
			agent: authorization.agentAddress,
			status: 'denied',
			amountMicro: offer.amount,
			counterparty: offer.payTo,
		}).id;
	}

	#reserve(authorization: Authorization, agent: Agent, offer: Offer): void {
		const now = Math.floor(authorization.at / 1000);
		// Without a word of the service, a key chooses any validity that the seller allows.
		const isOwn = agent.paymentKey === 'fullAccess' && !agent.suggestsNonce;
		const validity = Math.floor(offer.maxTimeoutSeconds);
		const validBefore = now + (isOwn ? validity : Math.min(validity, MAX_VALIDITY_SECONDS));
		const { id } = this.world.pay({
			agent: agent.address,
			status: 'authorized',
			amountMicro: offer.amount,
			counterparty: offer.payTo,
			expiresAt: validBefore * 1000,
		});
		Object.assign(authorization, {
			paymentId: id,
			status: 'reserved',
			amountMicro: BigInt(offer.amount),
			payTo: offer.payTo,
			nonce: isOwn ? null : randomHash(),
			validBefore,
		} satisfies Partial<Authorization>);
	}

	/** What an agent needs beside its key. */
	async #proofs(
		{ at, amountMicro, payTo, nonce, validBefore }: Authorization,
		agent: Agent,
	): Promise<{ coSignature?: object; suggested?: object }> {
		if (nonce === null) return {};
		if (agent.paymentKey === 'fullAccess')
			return { suggested: { nonce, validBefore: String(validBefore) } };
		const authorizationData: Transfer = {
			from: agent.address,
			to: payTo ?? '',
			value: String(amountMicro),
			validAfter: String(Math.floor(at / 1000) - SLACK_SECONDS),
			validBefore: String(validBefore),
			nonce,
		};
		const serverSignature = await this.serviceKey.signTransfer(authorizationData, this.#domain());
		return { coSignature: { authorizationData, serverSignature } };
	}

	#domain(): TokenDomain {
		const { chain, usdcContract, usdcName } = this.deployment;
		return {
			name: usdcName,
			version: '2',
			chainId: Number(chain.split(':')[1]),
			verifyingContract: usdcContract,
		};
	}

	/**
	 * By the report's id, or the nonce. A full-access key chooses its own nonce: then it's the oldest
	 * one with that payee and amount that nothing was reported of.
	 */
	#authorizationOf(agent: string, reportId: string, transfer: Transfer): Authorization | undefined {
		const own = this.#all.filter(
			({ agentAddress, selected }) =>
				selected !== null && addressId(agentAddress) === addressId(agent),
		);
		const isSame = ({ payTo, amountMicro }: Authorization): boolean =>
			addressId(payTo ?? '') === addressId(transfer.to) && amountMicro === BigInt(transfer.value);
		return (
			own.find((one) => one.reportId === reportId) ??
			own.find(({ nonce }) => nonce?.toLowerCase() === transfer.nonce.toLowerCase()) ??
			own.find((one) => one.keyKind === 'fullAccess' && one.reportId === null && isSame(one))
		);
	}

	#end(authorization: Authorization, status: 'settled' | 'rejected' | 'expired'): void {
		authorization.status = status;
		// Its agent may have been removed since.
		if (authorization.paymentId === null || !this.world.find(authorization.agentAddress)) return;
		if (status === 'settled') this.world.setStatus(authorization.paymentId, 'settled');
		else {
			const paymentStatus = status === 'expired' ? 'expired' : 'failure';
			this.world.setStatus(authorization.paymentId, 'failed', paymentStatus);
		}
	}
}
