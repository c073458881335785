import { describe, expect, it, jest } from '@jest/globals';
import * as z from 'zod/v4-mini';

import type { PurchaseOptions } from '../../../nodes/Ampersend/actions/payment/purchase';
import { judge, rejectedOffers } from '../../../nodes/Ampersend/actions/payment/declined';
import { signPayment } from '../../../nodes/Ampersend/actions/payment/signed';
import { base, baseSepolia } from '../../../nodes/Ampersend/domain/x402/chains';
import { readHeader } from '../../../nodes/Ampersend/domain/x402/header';
import { readPaymentRequired, requestFor } from '../../../nodes/Ampersend/domain/x402/required';
import { readSellerAnswer } from '../../../nodes/Ampersend/domain/x402/sellerAnswer';
import { paymentAuthorization } from '../../../nodes/Ampersend/schemas/paymentAuthorization';
import { sdkBehaviour, vectors, type Vector } from './vectors.mts';

type Input = Vector['input'];

/** What n8n's HTTP Request node gives for the seller's answer. */
const itemOf = ({ status, headers, body }: Input) => ({
	statusCode: status,
	headers,
	body: JSON.parse(body) as unknown,
});

const requiredOf = (input: Input) => {
	const required = readPaymentRequired('Payment Required', readSellerAnswer('', itemOf(input)));
	if (!required) throw new Error('nothing to pay');
	return required;
};

const TEN_USDC = 10_000_000n;
const ANY_AMOUNT = 2n ** 256n - 1n;

function purchaseOf(input: Input, maximum = TEN_USDC, validity = 3_600): PurchaseOptions {
	return {
		agent: input.agentAddress,
		chains: [base, baseSepolia],
		maximum,
		url: undefined,
		validity,
		continuesOnDecline: false,
		isNamed: false,
		keyOf: () => input.randomNonce.slice(2),
	};
}

function signed({ input, authorize }: Pick<Vector, 'input' | 'authorize'>, maximum?: bigint) {
	const purchase = purchaseOf(input, maximum);
	const required = requiredOf(input);
	const judged = judge(required, purchase);
	if (judged.payable.length === 0) throw rejectedOffers('Payment Required', judged).error;
	const answer = z.parse(paymentAuthorization, authorize.response);
	const { selected } = answer.authorized;
	if (!selected) throw new Error('declined');
	jest.spyOn(Date, 'now').mockReturnValue(input.nowSeconds * 1000);
	try {
		const key = Buffer.from(input.agentKey.slice(2), 'hex');
		return signPayment(required, judged.payable, selected, answer, purchase, key);
	} finally {
		jest.restoreAllMocks();
	}
}

const isTooLong = ({ name }: Vector) => name === 'v1-long-timeout-full';

describe('what the SDK made', () => {
	it.each(vectors.map((vector) => [vector.name, vector] as const))(
		'%s: asks Ampersend with the same text',
		(_, { input, authorize }) => {
			const required = requiredOf(input);
			const data = requestFor(required, required.offers);
			const paymentRequest = { protocol: `x402-v${required.version}`, data };
			const body = { paymentRequest, context: { method: 'http' } };
			expect(JSON.stringify(body)).toBe(authorize.requestBody);
		},
	);

	it.each(vectors.filter((vector) => !isTooLong(vector)).map((each) => [each.name, each] as const))(
		'%s: pays with the same header, and reports the same payment',
		(_, vector) => {
			const { headerName, headerValue } = signed(vector, ANY_AMOUNT);
			const { output } = vector;
			expect(Buffer.from(headerValue, 'base64').toString()).toBe(output.payloadText);
			expect({ headerName, headerValue }).toEqual({
				headerName: output.headerName,
				headerValue: output.headerValue,
			});
			const [event] = output.events;
			const payment = readHeader('', headerValue);
			expect(JSON.stringify(payment)).toBe(JSON.stringify(event?.payment.data));
		},
	);

	it.each([...vectors, ...sdkBehaviour].map((each) => [each.name, each] as const))(
		'%s: is checked',
		(_, { carefulClient, ...each }) => {
			const result = () => signed(each as Vector);
			if (carefulClient.signs) expect(result()).toMatchObject({ authorized: true });
			else expect(result).toThrow();
		},
	);
});
