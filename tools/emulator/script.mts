import type { Call } from './calls.mts';

/**
 * `before` the handler runs, so nothing happens, or `after` it, so only the answer is lost.
 */
type When = { when?: 'before' | 'after' };

export type FaultAction = (
	| ({ status: number; body?: unknown; headers?: Record<string, string> } & When)
	| ({ reset: true } & When)
	| ({ hang: true } & When)
	/** The real answer, cut off in the middle of its JSON. */
	| { malformedJson: true }
	/** The real answer's body, changed. */
	| { mutate: (body: unknown) => unknown }
	| { delayMs: number }
) & { delayMs?: number };

export interface Matching {
	/** `GET /agents/{address}`, or only the path for all its methods. */
	route: string;
	method?: string;
	/** Limits it to some of the route's calls, such as one page. */
	match?: (call: Call) => boolean;
}

export type FaultInit = Matching &
	FaultAction & { /** 1 by default; Infinity is allowed. */ times?: number };

export type Hook = (call: Call) => void | Promise<void>;

export interface HookOptions {
	match?: (call: Call) => boolean;
}

interface Waiting {
	name: string;
	matches(call: Call): boolean;
}

interface WaitingFault extends Waiting {
	action: FaultAction;
	left: number;
	used: number;
}

interface WaitingHook extends Waiting {
	phase: 'before' | 'after';
	run: Hook;
}

/** What a test has declared, in that order. */
export class Script {
	#faults: WaitingFault[] = [];
	#hooks: WaitingHook[] = [];
	readonly #errors: string[] = [];

	constructor(private readonly routeNames: readonly string[]) {}

	fault(init: FaultInit): void {
		const { times = 1 } = init;
		if (!(times >= 1)) throw new Error(`fault: times must be 1 or more, not ${times}`);
		const { name, matches } = this.#waitFor(init);
		this.#faults.push({ name, matches, action: init, left: times, used: 0 });
	}

	hook(phase: 'before' | 'after', route: string, run: Hook, options: HookOptions = {}): void {
		this.#hooks.push({ ...this.#waitFor({ route, ...options }), phase, run });
	}

	takeFault(call: Call): FaultAction | undefined {
		const fault = this.#faults.find(({ left, matches }) => left > 0 && matches(call));
		if (!fault) return undefined;
		fault.left -= 1;
		fault.used += 1;
		return fault.action;
	}

	async runHooks(phase: 'before' | 'after', call: Call): Promise<void> {
		const due = this.#hooks.filter((hook) => hook.phase === phase && hook.matches(call));
		this.#hooks = this.#hooks.filter((hook) => !due.includes(hook));
		for (const { name, run } of due) {
			try {
				await run(call);
			} catch (error) {
				this.#errors.push(`a hook ${phase} ${name} threw: ${String(error)}`);
			}
		}
	}

	/** What was declared and didn't happen, and what a hook threw. */
	complaints(): string[] {
		const unused = this.#faults
			.filter(({ left, used }) => (left === Infinity ? used === 0 : left > 0))
			.map(
				({ name, left, used }) => `unused fault on ${name}: used ${used} of ${left + used} times`,
			);
		const waiting = this.#hooks.map(({ name, phase }) => `a hook ${phase} ${name} never ran`);
		return [...unused, ...waiting, ...this.#errors];
	}

	#waitFor({ route, method, match }: Matching): Waiting {
		const wanted = this.routeNames.filter((name) => {
			const [routeMethod, routePath] = name.split(' ');
			return (
				(route === name || route === routePath) && (method === undefined || method === routeMethod)
			);
		});
		if (wanted.length === 0) {
			throw new Error(`The emulator has no route ${[method, route].filter(Boolean).join(' ')}`);
		}
		return {
			name: wanted.join(' or '),
			matches: (call) =>
				call.route !== null && wanted.includes(call.route) && (match?.(call) ?? true),
		};
	}
}
