export { AmpersendAgentApi } from './credentials/AmpersendAgentApi.credentials';
export { AmpersendApi } from './credentials/AmpersendApi.credentials';
export { Ampersend } from './nodes/Ampersend/Ampersend.node';
export { AmpersendTrigger } from './nodes/Ampersend/AmpersendTrigger.node';
