export { CallError } from './CallError';
export * from './errorFor';
export { firstOf, redact } from './serviceText';
export { isTool, toNodeError } from './toNodeError';
