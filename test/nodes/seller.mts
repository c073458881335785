import type { IDataObject } from 'n8n-workflow';
import { hashTypedData, recoverAddress, type Hex } from 'viem';

import { deployments } from '../../tools/emulator/deployments.mts';
import { transferTypes } from '../../tools/transferTypes.mts';

const { sandbox } = deployments;

/** An offer of version 2 that can be paid in the sandbox. */
export const offerInV2 = (payTo: string, changes: IDataObject = {}): IDataObject => ({
	scheme: 'exact',
	network: sandbox.chain,
	amount: '10000',
	asset: sandbox.usdcContract,
	payTo,
	maxTimeoutSeconds: 60,
	extra: { name: sandbox.usdcName, version: '2' },
	...changes,
});

/** The same in version 1. */
export const offerInV1 = (payTo: string, changes: IDataObject = {}): IDataObject => {
	const { amount, ...offer } = offerInV2(payTo);
	return {
		...offer,
		network: 'base-sepolia',
		maxAmountRequired: amount,
		resource: 'https://api.example.com/premium',
		description: 'Premium data',
		mimeType: 'application/json',
		...changes,
	};
};

export const encode = (json: unknown): string =>
	Buffer.from(JSON.stringify(json)).toString('base64');

export const requiredInV1 = (...accepts: IDataObject[]): IDataObject => ({
	x402Version: 1,
	error: 'X-PAYMENT header is required',
	accepts,
});

export const requiredInV2 = (...accepts: IDataObject[]): IDataObject => ({
	x402Version: 2,
	error: 'Payment required',
	resource: { url: 'https://api.example.com/premium', description: 'Premium data' },
	accepts,
});

/** A 402 as n8n's HTTP Request node gives it. */
export const answerInV1 = (...accepts: IDataObject[]): IDataObject => ({
	body: requiredInV1(...accepts),
	headers: { 'content-type': 'application/json' },
	statusCode: 402,
	statusMessage: 'Payment Required',
});

export const answerInV2 = (...accepts: IDataObject[]): IDataObject => ({
	body: {},
	headers: { 'payment-required': encode(requiredInV2(...accepts)) },
	statusCode: 402,
	statusMessage: 'Payment Required',
});

/** Who signed a transfer: what viem makes of its parts and of a signature of 65 bytes. */
export async function signerOf(
	authorization: Record<string, string>,
	signature: Hex,
): Promise<string> {
	const { from, to, value = '', validAfter = '', validBefore = '', nonce } = authorization;
	const hash = hashTypedData({
		domain: {
			name: sandbox.usdcName,
			version: '2',
			chainId: Number(sandbox.chain.split(':')[1]),
			verifyingContract: sandbox.usdcContract as Hex,
		},
		types: transferTypes,
		primaryType: 'TransferWithAuthorization',
		message: {
			from: from as Hex,
			to: to as Hex,
			value: BigInt(value),
			validAfter: BigInt(validAfter),
			validBefore: BigInt(validBefore),
			nonce: nonce as Hex,
		},
	});
	return await recoverAddress({ hash, signature });
}
