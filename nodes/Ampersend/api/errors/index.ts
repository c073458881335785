export { CallError, withOutcome, withTexts } from './CallError';
export * from './errorFor';
export { firstOf, oneLine, redact } from './serviceText';
export { isTool, toNodeError } from './toNodeError';
