import { visitRecords } from '../domain/json';

/**
 * What authorizes a payment: its signature and the nonce of EIP-3009, by any name that holds these
 * words. The SDK withholds both from an agent ("excludes signature, EIP-3009 nonce"); a user API
 * key may be given them.
 */
const PROOF = /signature|nonce/i;

/** Names are matched up to this length. */
export const MAX_NAME = 200;

export function isProof(name: string): boolean {
	return PROOF.test(name.slice(0, MAX_NAME));
}

/** Takes out what authorizes a payment, at any depth: no workflow, file or log needs it. */
export function withoutProofs<Row extends object>(row: Row): Row {
	visitRecords(row, (record) => {
		if (Array.isArray(record)) return;
		for (const name of Object.keys(record)) {
			if (isProof(name)) delete record[name];
		}
	});
	return row;
}
