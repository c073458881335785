export type DeploymentName = 'production' | 'sandbox';

export interface Deployment {
	/** Of the real service, which a proxy may pretend that this one is. */
	origin: string;
	keyPrefix: string;
	/** CAIP-2 id of the chain that payments settle on. */
	chain: string;
	usdcContract: string;
	/** In the EIP-712 domain of that contract. */
	usdcName: string;
}

export const deployments: Readonly<Record<DeploymentName, Deployment>> = {
	production: {
		origin: 'https://api.ampersend.ai',
		keyPrefix: 'sk_live_',
		chain: 'eip155:8453',
		usdcContract: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913',
		usdcName: 'USD Coin',
	},
	sandbox: {
		origin: 'https://api.sandbox.ampersend.ai',
		keyPrefix: 'sk_test_',
		chain: 'eip155:84532',
		usdcContract: '0x036CbD53842c5426634e7929541eC2318f3dCF7e',
		usdcName: 'USDC',
	},
};
