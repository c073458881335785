import { paymentMiddleware } from 'x402-express';
import { config, sell } from './seller.mjs';

const { facilitator, network, payTo, routes } = config;

const priced = Object.entries(routes).map(([path, { price, resource }]) => [
	path,
	{ price, network, config: { resource, description: 'Test goods', mimeType: 'application/json' } },
]);

sell(paymentMiddleware(payTo, Object.fromEntries(priced), { url: facilitator }));
