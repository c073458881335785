import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';

import type { Authentication } from '../domain/authentication';
import {
	authenticationNames,
	authentications,
	DEFAULT_AUTHENTICATION,
} from '../domain/authentication';
import { readChoice } from '../domain/parameter';
import type { Read } from './reader';

const field = { displayName: 'Authentication', name: 'authentication' } as const;

/** Shows something with these authentications. */
function shownWith(names: Authentication[]) {
	return { show: { [field.name]: names } };
}

const ofOneAgent = authenticationNames.filter((name) => authentications[name].isOneAgent);

/** For what an agent can do only for itself, and for notes about that. */
export const asOneAgent = shownWith(ofOneAgent);

/** For fields that make no sense for an agent, which reaches only itself. */
export const asOwner = shownWith(authenticationNames.filter((name) => !ofOneAgent.includes(name)));

/** Actions and trigger share this field. */
export const authenticationField: INodeProperties = {
	...field,
	type: 'options',
	options: authenticationNames
		.map((value) => ({
			name: authentications[value].name,
			value,
			description: authentications[value].description,
		}))
		.toSorted((option, next) => (option.name.toLowerCase() < next.name.toLowerCase() ? -1 : 1)),
	default: DEFAULT_AUTHENTICATION,
};

/** The credentials of actions and trigger. */
export const nodeCredentials: INodeCredentialDescription[] = authenticationNames.map((name) => ({
	name: authentications[name].credential,
	required: true,
	testedBy: `${authentications[name].credential}Test`,
	displayOptions: shownWith([name]),
}));

/** @throws ParameterError for an unknown value */
export function readAuthentication(read: Read): Authentication {
	return read(authenticationField, (parameter, value) =>
		readChoice(parameter, value, authenticationNames, DEFAULT_AUTHENTICATION),
	);
}
