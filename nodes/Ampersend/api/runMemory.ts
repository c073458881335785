import { digestOf } from '../domain/digest';
import type { Connection } from './connection/deployments';

/** Keeps values by key for each run of a node, until the run is gone. */
export function runMemory<Value>(): (run: object) => Map<string, Value> {
	const runs = new WeakMap<object, Map<string, Value>>();
	return (run) => {
		const kept = runs.get(run) ?? new Map<string, Value>();
		runs.set(run, kept);
		return kept;
	};
}

/** The same for connections with the same credential: each item of a run can have another. */
export function keyOfConnection({ baseUrl, agent = '', secrets }: Connection): string {
	return digestOf(JSON.stringify([baseUrl, agent, secrets.map(({ text }) => text)]));
}
