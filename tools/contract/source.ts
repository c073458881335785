/**
 * What the tool uses of the package. It's imported from here only: tsx loads a module once for
 * `import` and once for `require`, and shapes and classes are told apart by identity.
 */
export type { Connection } from '../../nodes/Ampersend/api/connection/deployments';
export {
	AGENT_PATH,
	deployments,
	CredentialError,
	PREFIXES,
	readOtherDeployment,
	resolveConnection,
	rootOf,
} from '../../nodes/Ampersend/api/connection/deployments';
export type { Part, Route } from '../../nodes/Ampersend/api/routes';
export { parts, routes } from '../../nodes/Ampersend/api/routes';
export { deletion } from '../../nodes/Ampersend/schemas/common';
export type { Address } from '../../nodes/Ampersend/domain/address';
export {
	isAddress,
	parseAddress,
	rejectZeroAddress,
	sameAddress,
	shortAddress,
} from '../../nodes/Ampersend/domain/address';
export type { PrivateKey } from '../../nodes/Ampersend/domain/agentSecret';
export { readAgentSecret } from '../../nodes/Ampersend/domain/agentSecret';
export { knownOfPaymentEvents, knownOfTransactions } from '../../nodes/Ampersend/domain/filter';
export { isRecord, visitRecords } from '../../nodes/Ampersend/domain/json';
export { ParameterError } from '../../nodes/Ampersend/domain/parameter';
export { addressOf, signInText, signText } from '../../nodes/Ampersend/domain/signIn';
export { hostOf, isLoopback } from '../../nodes/Ampersend/domain/webAddress';
export { wholeMicro } from '../../nodes/Ampersend/schemas/activity';
export { addressNames, nameNames } from '../../nodes/Ampersend/schemas/agentKey';
export { whatSaysMore } from '../../nodes/Ampersend/schemas/envelope';
export { address, link, micro, sentTime } from '../../nodes/Ampersend/schemas/common';
