import { HTTPFacilitatorClient, x402ResourceServer } from '@x402/core/server';
import { ExactEvmScheme } from '@x402/evm/exact/server';
import { paymentMiddleware } from '@x402/express';
import { config, sell } from './seller.mjs';

const { facilitator, network, payTo, routes } = config;

const priced = Object.entries(routes).map(([path, { price, resource }]) => [
	path,
	{
		accepts: { scheme: 'exact', price, network, payTo, maxTimeoutSeconds: 60 },
		resource,
		description: 'Test goods',
		mimeType: 'application/json',
	},
]);

const server = new x402ResourceServer(new HTTPFacilitatorClient({ url: facilitator })).register(
	network,
	new ExactEvmScheme(),
);
sell(paymentMiddleware(Object.fromEntries(priced), server));
