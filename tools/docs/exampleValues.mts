/**
 * Example values of output fields. A sample has them in the order of the output. What is in
 * micro-USDC follows from the amount in USDC.
 */

export type Examples = Readonly<Record<string, unknown>>;

/** What nobody takes for an address of theirs: digits alone have no checksum. */
const address = (digit: number): string => `0x${String(digit).repeat(40)}`;
const hash = `0x${'5'.repeat(64)}`;

const AGENT = address(1);
const SELLER = address(2);
const NETWORK = 'base';
const CHAIN = 'eip155:8453';

/** For fields of several resources. */
export const common: Examples = {
	occurredAt: '2026-10-05T09:14:27.000Z',
	createdAt: '2026-09-01T08:00:00.000Z',
	updatedAt: '2026-10-05T09:14:28.000Z',
	agentName: 'Research assistant',
	agentAddress: AGENT,
	direction: 'spend',
	amountUsdc: '0.25',
	movedUsdc: '-0.25',
	counterparty: SELLER,
	status: 'settled',
	explorerUrl: `https://basescan.org/tx/${hash}`,
	transactionHash: hash,
	chain: CHAIN,
	id: '5c1f7d0e-2a94-4b7e-9f35-6d0b8a1e4c72',
};

/** For fields of one page, by its name. */
export const ofPage: Readonly<Record<string, Examples>> = {
	agent: { name: 'Research assistant', balanceUsdc: '24.5', address: AGENT },
	agentKey: { name: 'server', address: address(3) },
	allowlist: { sellers: [SELLER, address(4)], count: 2 },
	autoCollect: { targetAddress: address(6), thresholdUsdc: '50', minimumRemainingUsdc: '5' },
	fundingLink: { url: 'https://app.ampersend.ai/…' },
	hostedEndpoint: {
		name: 'Weather',
		description: 'The weather of a place, hour by hour',
		priceUsdc: '0.01',
		network: NETWORK,
		accessUrl: 'https://weather.example.com/forecast',
		proxyUrl: 'https://api.example.com/forecast',
		allowedMethods: ['GET'],
	},
	marketplace: {
		name: 'Weather seller',
		description: 'Forecasts for any place',
		source: 'ampersend',
		category: 'data',
		tags: ['weather'],
		url: 'https://weather.example.com',
		docsUrl: 'https://weather.example.com/docs',
		endpoints: [{ url: 'https://weather.example.com/forecast', methods: ['GET'] }],
		skills: [{ name: 'forecast' }],
		agentAddress: SELLER,
	},
	owner: { userId: '0b6f3f5e-7c1d-4d55-8a43-2f9f7a5d1e90', walletAddress: address(6) },
	payment: {
		headerName: 'X-PAYMENT',
		headerValue: 'eyJ4NDAyVmVyc2lvbiI6MS…',
		paymentId: 'b8d8f7a4-93c2-4f0e-8d6b-1c5e0a7f2d34',
		x402Version: 1,
		network: NETWORK,
		payTo: SELLER,
		asset: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913',
		resource: 'https://weather.example.com/forecast',
		description: 'The weather of a place, hour by hour',
		from: AGENT,
		nonce: `0x${'7'.repeat(64)}`,
		validBefore: '2026-10-05T10:14:27.000Z',
		keyKind: 'coSigned',
		dailyRemainingUsdc: '4.75',
		monthlyRemainingUsdc: null,
	},
	paymentEvent: { expiresAt: '2026-10-05T10:14:27.000Z', scheme: 'exact' },
	spendingLimit: {
		name: 'Research assistant',
		balanceUsdc: '24.5',
		autoTopUp: false,
		dailyLimitUsdc: '25',
		dailyUsedUsdc: '21',
		dailyRemainingUsdc: '4',
		dailyUsedPercent: 84,
		monthlyLimitUsdc: '300',
		monthlyUsedUsdc: '96',
		monthlyRemainingUsdc: '204',
		monthlyUsedPercent: 32,
		perTransactionLimitUsdc: '2',
		isLow: true,
		isSpent: false,
		usedFrom: 'activity',
	},
	trigger: {
		event: 'payment.denied',
		status: 'denied',
		movedUsdc: '0',
		explorerUrl: null,
		transactionHash: null,
		activityId: '5c1f7d0e-2a94-4b7e-9f35-6d0b8a1e4c72',
		eventId: `5c1f7d0e-2a94-4b7e-9f35-6d0b8a1e4c72:denied:${AGENT}`,
	},
};
