// Keccak-256 as Ethereum uses it (padding 0x01, so not Node's sha3-256). Written out because jest, which runs CommonJS
// here, cannot load the ES-module-only hash packages.
const LANES = 25;
const RATE_BYTES = 136;
const MASK = (1n << 64n) - 1n;

function rotateLeft(lane: bigint, bits: number): bigint {
	const shift = BigInt(bits);
	return ((lane << shift) | (lane >> (64n - shift))) & MASK;
}

/** The round constants and the rotation of each lane, made by the LFSR and the walk of FIPS 202, sections 3.2.5 and 3.2.2. */
function makeConstants(): { rounds: bigint[]; rotations: number[] } {
	const rounds: bigint[] = [];
	let register = 1;
	for (let round = 0; round < 24; round++) {
		let constant = 0n;
		for (let bit = 0; bit < 7; bit++) {
			if (register & 1) constant |= 1n << BigInt(2 ** bit - 1);
			register = register & 0x80 ? ((register << 1) ^ 0x171) & 0xff : register << 1;
		}
		rounds.push(constant);
	}
	const rotations = new Array<number>(LANES).fill(0);
	let x = 1;
	let y = 0;
	for (let step = 0; step < 24; step++) {
		rotations[x + 5 * y] = (((step + 1) * (step + 2)) / 2) % 64;
		[x, y] = [y, (2 * x + 3 * y) % 5];
	}
	return { rounds, rotations };
}

const { rounds, rotations } = makeConstants();

function permute(state: bigint[]): void {
	const lane = (x: number, y: number): bigint => state[(x % 5) + 5 * (y % 5)] ?? 0n;
	for (const constant of rounds) {
		const columns = [0, 1, 2, 3, 4].map((x) => lane(x, 0) ^ lane(x, 1) ^ lane(x, 2) ^ lane(x, 3) ^ lane(x, 4));
		const mixed = [0, 1, 2, 3, 4].map(
			(x) => (columns[(x + 4) % 5] ?? 0n) ^ rotateLeft(columns[(x + 1) % 5] ?? 0n, 1),
		);
		const moved = new Array<bigint>(LANES).fill(0n);
		for (let x = 0; x < 5; x++) {
			for (let y = 0; y < 5; y++) {
				moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotateLeft(lane(x, y) ^ (mixed[x] ?? 0n), rotations[x + 5 * y] ?? 0);
			}
		}
		const from = (x: number, y: number): bigint => moved[(x % 5) + 5 * y] ?? 0n;
		for (let x = 0; x < 5; x++) {
			for (let y = 0; y < 5; y++) state[x + 5 * y] = from(x, y) ^ (~from(x + 1, y) & MASK & from(x + 2, y));
		}
		state[0] = lane(0, 0) ^ constant;
	}
}

/** Keccak-256 of a message, as 64 hex digits. */
export function keccak256(message: Uint8Array): string {
	const padded = new Uint8Array(Math.ceil((message.length + 1) / RATE_BYTES) * RATE_BYTES);
	padded.set(message);
	padded[message.length] = 0x01;
	padded[padded.length - 1] = (padded[padded.length - 1] ?? 0) | 0x80;

	const view = new DataView(padded.buffer);
	const state = new Array<bigint>(LANES).fill(0n);
	for (let block = 0; block < padded.length; block += RATE_BYTES) {
		for (let word = 0; word < RATE_BYTES / 8; word++) {
			state[word] = (state[word] ?? 0n) ^ view.getBigUint64(block + word * 8, true);
		}
		permute(state);
	}

	const digest = new DataView(new ArrayBuffer(32));
	for (let word = 0; word < 4; word++) digest.setBigUint64(word * 8, state[word] ?? 0n, true);
	return Buffer.from(digest.buffer).toString('hex');
}
