interface Expected {
	path: string | RegExp;
	method?: string;
	seen: boolean;
}

/** Requests without a route: the client is wrong, unless a test declares them. */
export class Strangers {
	readonly #expected: Expected[] = [];
	readonly #unexpected: string[] = [];

	expect(path: string | RegExp, method?: string): void {
		this.#expected.push({ path, method, seen: false });
	}

	/** `path` is the whole path with the mount, without the query. */
	note(method: string, path: string): void {
		const expected = this.#expected.find(
			(one) =>
				(one.method === undefined || one.method === method) &&
				(typeof one.path === 'string' ? one.path === path : one.path.test(path)),
		);
		if (expected) expected.seen = true;
		else this.#unexpected.push(`${method} ${path}`);
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
