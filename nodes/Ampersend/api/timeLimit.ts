/**
 * Waits for a promise, but no longer than a limit. The work behind it may continue, but its result
 * isn't used.
 * @param onLimit creates the error that is thrown at the limit
 */
export async function withTimeout<Result>(
	ms: number,
	work: Promise<Result>,
	onLimit: () => Error,
): Promise<Result> {
	const limit = AbortSignal.timeout(Math.ceil(ms));
	let expire = () => {};
	const expired = new Promise<never>((_, reject) => {
		expire = () => reject(onLimit());
	});
	limit.addEventListener('abort', expire);
	try {
		return await Promise.race([work, expired]);
	} finally {
		limit.removeEventListener('abort', expire);
	}
}
