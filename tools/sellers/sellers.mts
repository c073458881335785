import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { rootDir } from '../n8n/install.mts';
import { Facilitator, type Payer, type Settled, type Stray } from './facilitator.mts';
import { behaviours, Front, RAISED } from './front.mts';
import { sellersDir } from './install.mts';

export type { Payer, Settled, Stray } from './facilitator.mts';
export { behaviours, type Behaviour } from './front.mts';

const START_MS = 60_000;

/** Of everything that isn't free, in micro-USDC. */
export const PRICE_MICRO = 10_000n;
const PRICE = '$0.01';
const RAISED_PRICE = '$0.02';

const chains = {
	sandbox: {
		chainId: 84532,
		nameOfV1: 'base-sepolia',
		usdc: { address: '0x036CbD53842c5426634e7929541eC2318f3dCF7e', name: 'USDC' },
	},
	production: {
		chainId: 8453,
		nameOfV1: 'base',
		usdc: { address: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913', name: 'USD Coin' },
	},
} as const;

export interface SellersOptions {
	/** Sandbox by default. */
	deployment?: keyof typeof chains;
	/** Who signs beside agents: the emulator's `serviceKeyAddress()`. */
	serviceKeyAddress: string;
	agents: Payer[];
	/** Of both sellers; one that nobody has by default. */
	payTo?: string;
	/** An API that has the goods, as behind a hosted endpoint; none by default. */
	goods?: Goods;
}

/** What is called for whoever has paid. */
export interface Goods {
	url: string;
	headers: Record<string, string>;
}

export interface Sellers {
	/** URLs of x402-express and @x402/express. A behaviour is a path below, as in `/normal`. */
	readonly v1: string;
	readonly v2: string;
	readonly facilitator: string;
	readonly payTo: string;
	/** All transfers that were settled. */
	ledger(): Promise<Settled[]>;
	/** What came to the host that `redirects` names. */
	strays(): Promise<Stray[]>;
	close(): Promise<void>;
}

interface Config {
	facilitator: string;
	network: string;
	payTo: string;
	routes: Record<string, { price: string; resource: string }>;
	goods?: Goods;
}

/** Starts a seller, which ends with this process. @returns its port */
async function startSeller(script: string, config: Config): Promise<[ChildProcess, number]> {
	const child = spawn(
		process.execPath,
		[
			'--require',
			join(rootDir, 'tools', 'n8n', 'dieWithParent.cjs'),
			join(sellersDir, script),
			JSON.stringify(config),
		],
		// The fourth is for dieWithParent.cjs.
		{ stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
	);
	let output = '';
	const port = await new Promise<number>((resolve, reject) => {
		const fail = (why: string) => reject(new Error(`The seller ${script} ${why}:\n${output}`));
		const timer = setTimeout(() => fail(`was not up after ${START_MS / 1000} s`), START_MS);
		const collect = (chunk: Buffer) => {
			output += chunk.toString();
			const [, found] = /^\{"port":(\d+)\}$/m.exec(output) ?? [];
			if (found === undefined) return;
			clearTimeout(timer);
			resolve(Number(found));
		};
		child.stdout?.on('data', collect);
		child.stderr?.on('data', collect);
		child.on('error', (error) => fail(error.message));
		child.on('exit', (code) => {
			clearTimeout(timer);
			fail(`ended with code ${code}`);
		});
	}).catch((error: unknown) => {
		child.kill('SIGKILL');
		throw error;
	});
	return [child, port];
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = once(child, 'exit');
	child.kill('SIGKILL');
	await ended;
}

function routesAt(front: string): Config['routes'] {
	const priced = behaviours
		.filter((name) => name !== 'free')
		.map((name) => [`/${name}`, { price: PRICE, resource: `${front}/${name}` }]);
	const raised = { price: RAISED_PRICE, resource: `${front}/raises` };
	return { ...(Object.fromEntries(priced) as Config['routes']), [RAISED]: raised };
}

const read = async <T,>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;

/** Two sellers and their facilitator, all on 127.0.0.1. They must be installed. */
export async function startSellers({
	deployment = 'sandbox',
	serviceKeyAddress,
	agents,
	payTo = '0x209693Bc6afc0C5328bA36FaF03C514EF312287C',
	goods,
}: SellersOptions): Promise<Sellers> {
	const { chainId, nameOfV1, usdc } = chains[deployment];
	const facilitator = new Facilitator({ chainId, usdc, serviceKeyAddress, agents });
	const facilitatorUrl = await facilitator.listen();
	const closers: Array<() => Promise<void>> = [async () => await facilitator.close()];
	const close = async () => {
		await Promise.all(closers.map(async (one) => await one()));
	};
	const start = async (script: string, network: string): Promise<string> => {
		const front = new Front(`${facilitatorUrl}/elsewhere`);
		const url = await front.listen();
		closers.push(async () => await front.close());
		const routes = routesAt(url);
		const config = { facilitator: facilitatorUrl, network, payTo, routes, ...(goods && { goods }) };
		const [child, port] = await startSeller(script, config);
		closers.push(async () => await end(child));
		front.port = port;
		return url;
	};
	const started = await Promise.allSettled([
		start('v1.mjs', nameOfV1),
		start('v2.mjs', `eip155:${chainId}`),
	]);
	const [v1, v2] = started.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
	if (v1 === undefined || v2 === undefined) {
		await close();
		throw started.find((one) => one.status === 'rejected')?.reason;
	}
	return {
		v1,
		v2,
		facilitator: facilitatorUrl,
		payTo,
		ledger: async () => await read(`${facilitatorUrl}/ledger`),
		strays: async () => await read(`${facilitatorUrl}/strays`),
		close,
	};
}
