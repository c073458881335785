interface Expected {
	path: string | RegExp;
	method?: string;
	seen: boolean;
}

/** Requests without a route: the client is wrong, unless a test declares them. */
export class Strangers {
	readonly #expected: Expected[] = [];
	readonly #unexpected: string[] = [];
	/** Whether requests that the contract doesn't serve are expected. */
	allowsUnserved = false;

	expect(path: string | RegExp, method?: string): void {
		this.#expected.push({ path, method, seen: false });
	}

	/**
	 * @param path the whole path with the mount, without the query
	 * @param isDocumented whether only the contract doesn't serve it
	 */
	note(method: string, path: string, isDocumented = false): void {
		const expected = this.#expected.find(
			(one) =>
				(one.method === undefined || one.method === method) &&
				(typeof one.path === 'string' ? one.path === path : one.path.test(path)),
		);
		if (expected) expected.seen = true;
		else if (!isDocumented || !this.allowsUnserved) this.#unexpected.push(`${method} ${path}`);
	}

	complaints(): string[] {
		return [
			...this.#unexpected.map((request) => `unknown request: ${request}`),
			...this.#expected
				.filter(({ seen }) => !seen)
				.map(({ path }) => `expected an unknown request: ${String(path)}`),
		];
	}
}
