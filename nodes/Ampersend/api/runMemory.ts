/** Keeps values by key for each run of a node, until the run is gone. */
export function runMemory<Value>(): (run: object) => Map<string, Value> {
	const runs = new WeakMap<object, Map<string, Value>>();
	return (run) => {
		const kept = runs.get(run) ?? new Map<string, Value>();
		runs.set(run, kept);
		return kept;
	};
}
