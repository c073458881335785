export interface Issue {
	path: Array<string | number>;
	message: string;
}

/** An answer that a handler throws. */
export class Problem extends Error {
	constructor(
		readonly status: number,
		readonly body: Record<string, unknown>,
	) {
		super(`HTTP ${status}`);
	}
}

/** Nothing is set that could be read. */
export class NotSet extends Problem {
	constructor(message: string) {
		super(404, { message });
	}
}

export const unauthorized = (message: string): Problem => new Problem(401, { message });

export const notYours = (): Problem =>
	new Problem(403, { message: 'This agent belongs to another user' });

export const notFound = (message: string): Problem => new Problem(404, { message });

export const conflict = (message: string): Problem => new Problem(409, { message });

const asTree = ({ path, message }: Issue): string =>
	path.length === 0
		? `└─ ${message}`
		: `└─ ${path.map((step) => `[${JSON.stringify(step)}]`).join('')}\n   └─ ${message}`;

export const notDecodable = (part: 'body' | 'path' | 'query', issues: Issue[]): Problem =>
	new Problem(400, {
		_tag: 'HttpApiDecodeError',
		issues,
		message: [`The request's ${part} does not decode`, ...issues.map(asTree)].join('\n'),
	});
