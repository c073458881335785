import type { Failure } from 'n8n-workflow';

/** A call without a usable answer. Message and description can be shown to the user. */
export class CallError extends Error {
	override readonly name = 'CallError';
	/** What the user can do next. */
	readonly description!: string;
	/** HTTP status, if there was an answer. */
	readonly status?: number;
	/** For n8n's scheduler: why, and how long to wait. */
	readonly failure?: Failure;
	/** Whether the same request can be sent again without doing anything twice. */
	readonly repeatable!: boolean;
	/** The call is a write that may have been carried out. */
	readonly mayBeMade?: boolean;
	/** The service asked another call to wait, and this one too, or nothing was sent. */
	readonly isHeld?: boolean;
	/** The execution was cancelled: n8n recognizes this by the message. */
	readonly cancelled?: boolean;

	/** @param fields free of keys and request details, `cause` too */
	constructor({ message, cause, ...fields }: Omit<CallError, 'name' | 'stack'>) {
		super(message, cause ? { cause } : undefined);
		Object.assign(this, fields);
	}
}

/** The same error, with some fields changed. */
export function withFields(
	error: CallError,
	fields: Partial<Omit<CallError, 'name' | 'stack'>>,
): CallError {
	const { message, description, cause } = error;
	return new CallError({ ...error, message, description, cause, ...fields });
}

/** The same error, with other texts. */
export function withTexts(error: CallError, change: (text: string) => string): CallError {
	const { message, description } = error;
	return withFields(error, { message: change(message), description: change(description) });
}

/** The same error, whose description begins with what became of a change. */
export function withOutcome(
	error: CallError,
	outcome: string,
	more: Partial<Pick<CallError, 'repeatable' | 'mayBeMade'>> = {},
): CallError {
	return withFields(error, { ...more, description: `${outcome} ${error.description}` });
}

/** An error and its causes. */
export function chainOf(error: unknown): Error[] {
	const chain: Error[] = [];
	for (let next = error; next instanceof Error && chain.length < 10; next = next.cause) {
		chain.push(next);
	}
	return chain;
}
