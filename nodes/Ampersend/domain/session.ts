/** Whether text can be the nonce of a login (EIP-4361). No library makes a longer one. */
export function isNonce(text: string): boolean {
	return /^[A-Za-z0-9]{8,256}$/.test(text);
}
