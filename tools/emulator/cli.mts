import { seedDemoAgents } from './demo.mts';
import { readFlags, usage, type Flags } from './flags.mts';
import { startEmulator } from './index.mts';
import { startPaymentStream, type StreamedPayment } from './stream.mts';

const MICRO_PER_USDC = 1_000_000n;

function usdc(micro: bigint): string {
	const decimals = String(micro % MICRO_PER_USDC).padStart(6, '0');
	return `${micro / MICRO_PER_USDC}.${decimals} USDC`;
}

function lineOf(now: number, { kind, agent, activity }: StreamedPayment): string {
	const time = new Date(now).toISOString();
	const what = kind === 'new' ? activity.status : `now ${activity.status}`;
	const { type, amountMicro, id } = activity;
	return `${time}  ${agent.name}  ${type}  ${usdc(amountMicro)}  ${what}  ${id}`;
}

async function run({ deployment, port, everyMs }: Flags): Promise<void> {
	const emulator = await startEmulator({ deployment, port });
	const agents = seedDemoAgents(emulator);

	console.log(
		`Ampersend emulator, ${deployment} (${emulator.chain}, USDC ${emulator.usdcContract})`,
	);
	console.log(`Base URL  ${emulator.baseUrl}`);
	console.log(`API key   ${emulator.apiKey}  (made for this run)`);
	for (const { address, name } of agents) console.log(`Agent     ${address}  ${name}`);
	console.log(
		`\nTry it:\n  curl ${emulator.baseUrl}/agents -H 'Authorization: Bearer ${emulator.apiKey}'`,
	);
	console.log(
		everyMs > 0
			? `\nA payment every ${everyMs / 1000} s; Ctrl+C ends.\n`
			: '\nNo payments; Ctrl+C ends.\n',
	);

	const stream = startPaymentStream(emulator, {
		everyMs,
		onPayment: (payment) => console.log(lineOf(emulator.now(), payment)),
	});
	const end = (): void => {
		stream.stop();
		void emulator.close();
	};
	process.once('SIGINT', end);
	process.once('SIGTERM', end);
}

async function main(args: string[]): Promise<void> {
	let flags: Flags;
	try {
		flags = readFlags(args);
	} catch (error) {
		console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
		process.exitCode = 2;
		return;
	}
	if (flags.help) {
		console.log(usage);
		return;
	}
	try {
		await run(flags);
	} catch (error) {
		console.error(
			`The emulator cannot start: ${error instanceof Error ? error.message : String(error)}`,
		);
		process.exitCode = 1;
	}
}

void main(process.argv.slice(2));
