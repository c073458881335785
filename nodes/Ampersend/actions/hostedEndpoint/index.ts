import type { Resource } from '../operation';
import { addProxyHeader, addRequiredHeader } from './addHeader.operation';
import { create } from './create.operation';
import { createMany } from './createMany.operation';
import { deleteEndpoint } from './delete.operation';
import { get } from './get.operation';
import { getMany } from './getMany.operation';
import { removeProxyHeader, removeRequiredHeader } from './removeHeader.operation';
import { rotateSecret } from './rotateSecret.operation';
import { disable, enable } from './switch.operation';
import { test } from './test.operation';
import { update } from './update.operation';

export const hostedEndpoint: Resource = {
	option: {
		name: 'Hosted Endpoint',
		value: 'hostedEndpoint',
		description: 'An API that an agent sells: buyers pay USDC for each call',
	},
	operations: [
		addProxyHeader,
		addRequiredHeader,
		create,
		createMany,
		deleteEndpoint,
		disable,
		enable,
		get,
		getMany,
		removeProxyHeader,
		removeRequiredHeader,
		rotateSecret,
		test,
		update,
	],
};
