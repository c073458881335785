/**
 * Whatever a seller asks for and Ampersend answers: a signature is only ever for an offer that the
 * seller made, with its payee, price and token, for this agent, below the maximum, and for at most
 * an hour. All else is rejected with a message.
 */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Hex } from 'viem';
import * as z from 'zod/v4-mini';

import {
	declinedOffers,
	judge,
	rejectedOffers,
} from '../../../nodes/Ampersend/actions/payment/declined';
import type { PurchaseOptions } from '../../../nodes/Ampersend/actions/payment/purchase';
import { signPayment } from '../../../nodes/Ampersend/actions/payment/signed';
import { CallError } from '../../../nodes/Ampersend/api/errors';
import { isRecord } from '../../../nodes/Ampersend/domain/json';
import { ParameterError } from '../../../nodes/Ampersend/domain/parameter';
import { addressOf } from '../../../nodes/Ampersend/domain/signIn';
import { baseSepolia } from '../../../nodes/Ampersend/domain/x402/chains';
import { readPaymentRequired, requestFor } from '../../../nodes/Ampersend/domain/x402/required';
import { readSellerAnswer } from '../../../nodes/Ampersend/domain/x402/sellerAnswer';
import { paymentAuthorization } from '../../../nodes/Ampersend/schemas/paymentAuthorization';
import {
	answerInV1,
	answerInV2,
	encode,
	offerInV1,
	offerInV2,
	requiredInV2,
	signerOf,
} from '../../nodes/seller.mts';

type Json = Record<string, unknown>;

const seed = Number(process.env.AMPERSEND_SEED ?? Date.now() % 2 ** 31);
const RUNS = 10_000;
const MAXIMUM = 50_000n;
const PRIVATE_KEY = new Uint8Array(32).fill(7);
const AGENT = `0x${'a1'.repeat(20)}`;
const PAYEE = `0x${'b2'.repeat(20)}`;
const OTHER = `0x${'c3'.repeat(20)}`;
const NONCE = `0x${'d4'.repeat(32)}`;
const SERVICE_SIGNATURE = `0x${'e5'.repeat(65)}`;

const purchase: PurchaseOptions = {
	agent: AGENT,
	chains: [baseSepolia],
	maximum: MAXIMUM,
	url: undefined,
	validity: 3_600,
	continuesOnDecline: false,
	isNamed: false,
	keyOf: () => NONCE.slice(2),
};

const hostile = fc.constantFrom<unknown>(
	undefined,
	null,
	true,
	0,
	-1,
	1e21,
	60.5,
	10_000,
	'',
	' ',
	'0',
	'-1',
	'1',
	'10000',
	'50000',
	'50001',
	'010000',
	'1e4',
	'0x2710',
	'10000 ',
	'٣',
	(2n ** 256n).toString(),
	'exact',
	'upto',
	'base',
	'base-sepolia',
	'eip155:8453',
	'eip155:84532',
	AGENT,
	PAYEE,
	OTHER,
	PAYEE.toUpperCase(),
	`0x${'0'.repeat(40)}`,
	baseSepolia.usdc,
	baseSepolia.usdc.toLowerCase(),
	NONCE,
	SERVICE_SIGNATURE,
	[],
	{},
	{ name: 'USDC', version: '2', assetTransferMethod: 'permit2' },
	'9'.repeat(400),
);

/** Where in a value to put something else: the same numbers lead to the same place. */
interface Change {
	path: number[];
	value: unknown;
	isRemoved: boolean;
}

const change: fc.Arbitrary<Change> = fc.record({
	path: fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }),
	value: hostile,
	isRemoved: fc.boolean(),
});

function apply(json: Json, { path, value, isRemoved }: Change): void {
	let parent: Json = json;
	for (const [level, step] of path.entries()) {
		const names = Object.keys(parent);
		const name = names[step % Math.max(1, names.length)];
		if (name === undefined) return;
		const child = parent[name];
		const isLast = level === path.length - 1 || typeof child !== 'object' || child === null;
		if (isLast && isRemoved && !Array.isArray(parent)) delete parent[name];
		// A further change can be of the value.
		else if (isLast) parent[name] = structuredClone(value);
		if (isLast) return;
		parent = child as Json;
	}
}

const offers = fc.array(
	fc.constantFrom(
		{},
		{ amount: '50000', maxAmountRequired: '50000' },
		{ amount: '1', maxAmountRequired: '1' },
		{ network: 'eip155:8453' },
		{ payTo: OTHER },
	),
	{ minLength: 1, maxLength: 3 },
);

const cases = fc.record({
	version: fc.constantFrom(1, 2, 'both'),
	offers,
	isCoSigned: fc.boolean(),
	index: fc.nat(2),
	changesOfSeller: fc.array(change, { maxLength: 2 }),
	changesOfService: fc.array(change, { maxLength: 2 }),
});

type Case = typeof cases extends fc.Arbitrary<infer One> ? One : never;

/** The seller's offers, as they are after the changes, and its answer. */
function sellerOf({ version, offers: all, changesOfSeller }: Case) {
	const answer = structuredClone(
		version === 1
			? answerInV1(...all.map((one) => offerInV1(PAYEE, one)))
			: answerInV2(...all.map((one) => offerInV2(PAYEE, one))),
	);
	const required = structuredClone(
		version === 1 ? answer.body : requiredInV2(...all.map((one) => offerInV2(PAYEE, one))),
	) as Json;
	for (const one of changesOfSeller) apply(required, one);
	if (version === 1) answer.body = required as never;
	else answer.headers = { 'payment-required': encode(required) };
	if (version === 'both') answer.body = answerInV1(offerInV1(OTHER)).body;
	const { accepts } = required;
	return { answer, accepts: (Array.isArray(accepts) ? accepts : []) as Json[] };
}

function serviceAnswer({ isCoSigned, index, changesOfService }: Case, accepts: Json[]): Json {
	const now = Math.floor(Date.now() / 1000);
	const offer = accepts[index];
	const { amount, maxAmountRequired, payTo } = isRecord(offer) ? offer : {};
	const authorizationData = {
		from: AGENT,
		to: payTo,
		value: amount ?? maxAmountRequired,
		validAfter: String(now - 600),
		validBefore: String(now + 60),
		nonce: NONCE,
	};
	const answer: Json = {
		authorized: {
			selected: {
				acceptsIndex: index,
				limits: { dailyRemaining: '1', monthlyRemaining: null },
				...(isCoSigned && {
					coSignature: { authorizationData, serverSignature: SERVICE_SIGNATURE },
				}),
			},
			alternatives: [],
		},
		rejected: [],
	};
	for (const one of changesOfService) apply(answer, one);
	return answer;
}

/** What a node does; undefined if it signs nothing. */
function signed(one: Case, answer: unknown) {
	const required = readPaymentRequired('Payment Required', readSellerAnswer('', answer));
	if (!required) return undefined;
	const judged = judge(required, purchase);
	const { payable } = judged;
	if (payable.length === 0) throw rejectedOffers('Payment Required', judged).error;
	const sent = (requestFor(required, payable) as { accepts: Json[] }).accepts;
	const authorization = z.safeParse(paymentAuthorization, serviceAnswer(one, sent));
	if (!authorization.success) return undefined;
	const { selected } = authorization.data.authorized;
	if (!selected) throw declinedOffers(judged, authorization.data, purchase).error;
	return signPayment(required, payable, selected, authorization.data, purchase, PRIVATE_KEY);
}

interface Paid {
	x402Version: number;
	network?: string;
	accepted?: Json;
	payload: { signature: Hex; authorization: Record<string, string> };
}

/** @returns the address that signed */
async function agentOf({ payload: { authorization, signature } }: Paid): Promise<string> {
	// After the validator's address: the signature, or the ABI's two offsets and a length before it.
	const start = 2 + 2 * (signature.length === 2 + 2 * 85 ? 20 : 20 + 96);
	return await signerOf(authorization, `0x${signature.slice(start, start + 130)}`);
}

/** What is wrong with a payment; undefined if nothing is. */
async function wrongWith(paid: Paid, accepts: Json[]): Promise<string | undefined> {
	const { from, to = '', value = '', validAfter, validBefore } = paid.payload.authorization;
	const now = Date.now() / 1000;
	const match = accepts
		.filter(isRecord)
		.find(
			(offer) =>
				offer.scheme === 'exact' &&
				offer.network === (paid.x402Version === 1 ? 'base-sepolia' : 'eip155:84532') &&
				String(offer.asset).toLowerCase() === baseSepolia.usdc.toLowerCase() &&
				(paid.x402Version === 1 ? offer.maxAmountRequired : offer.amount) === value &&
				String(offer.payTo).toLowerCase() === to.toLowerCase() &&
				(paid.accepted === undefined || JSON.stringify(paid.accepted) === JSON.stringify(offer)),
		);
	if (!match) return 'no such offer';
	if (!/^[1-9]\d*$/.test(value) || BigInt(value) > MAXIMUM) return `value ${value}`;
	if (![PAYEE, OTHER].some((payee) => payee === to.toLowerCase())) return `payee ${to}`;
	if (from !== AGENT) return `payer ${from}`;
	if (Number(validAfter) > now || Number(validBefore) <= now) return 'time';
	if (Number(validBefore) > now + 3_660) return 'valid for too long';
	return (await agentOf(paid)) === addressOf(PRIVATE_KEY) ? undefined : 'another signer';
}

it(`signs only what was checked, of ${RUNS} sellers (AMPERSEND_SEED=${seed})`, async () => {
	let paidFor = 0;
	await fc.assert(
		fc.asyncProperty(cases, async (one) => {
			const { answer, accepts } = sellerOf(one);
			let output: ReturnType<typeof signed>;
			try {
				output = signed(one, answer);
			} catch (error) {
				if (!(error instanceof ParameterError || error instanceof CallError)) throw error;
				expect(error.message.length).toBeLessThan(2_000);
				expect(error.description).toMatch(/\w/);
				return;
			}
			if (!output) return;
			paidFor++;
			const paid = JSON.parse(Buffer.from(output.headerValue, 'base64').toString()) as Paid;
			expect(await wrongWith(paid, accepts)).toBeUndefined();
		}),
		{ numRuns: RUNS, seed },
	);
	// It has not only rejected.
	expect(paidFor).toBeGreaterThan(RUNS / 20);
});
