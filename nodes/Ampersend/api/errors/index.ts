export { CallError, withFields, withOutcome, withTexts } from './CallError';
export type { Call } from './call';
export { errorFor, errorForPaging } from './errorFor';
export * from './ofAnswer';
export { errorForNoAnswer } from './ofNoAnswer';
export { firstOf, issuesIn, oneLine, redact, textsIn } from './serviceText';
export { isTool, toNodeError } from './toNodeError';
