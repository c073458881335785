export { CallError } from './CallError';
export * from './errorFor';
export { firstOf, redact } from './serviceText';
export { toNodeError } from './toNodeError';
