import type { IDataObject, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { rejectNothing, valueOf } from '../domain/parameter';
import type { Read } from './reader';

/** A stored value as a name in the editor: `amountUsdc` is "Amount USDC". */
export function titleOf(value: string): string {
	const words = value.replace(/[A-Z]/g, (letter) => ` ${letter}`);
	return (words.charAt(0).toUpperCase() + words.slice(1)).replace(/\b(?:Usdc|Url|Id)\b/g, (word) =>
		word.toUpperCase(),
	);
}

/** Options that are named after their values. */
export function optionsOf(values: readonly string[]): INodePropertyOptions[] {
	return values.map((value) => ({ name: titleOf(value), value }));
}

/** Fields that a user adds one by one, by their names. */
export function collectionOf(
	names: Pick<INodeProperties, 'displayName' | 'name'>,
	options: INodeProperties[],
): INodeProperties {
	return {
		...names,
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		options: inAlphabeticalOrder(options),
	};
}

/** The Options of an operation or of the trigger, which a user adds one by one. */
export function optionsField(options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options,
	};
}

/** The Filters of an operation or of the trigger, which a user adds one by one. */
export function filtersField(options: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		default: {},
		options,
	};
}

/**
 * Reads a collection that widens what is read or written where a field is left out.
 * @throws ParameterError naming a field that was added and has no value
 */
export function readCollection(
	read: Read,
	{ displayName, name, options = [] }: INodeProperties,
): IDataObject {
	const values = read({ displayName, name, default: {} }, (parameter, value) => {
		rejectNothing(parameter, value);
		return value as IDataObject;
	});
	rejectNothingIn(
		values,
		options.filter((option) => 'displayName' in option),
	);
	return values;
}

/** @throws ParameterError for a field that was added to a collection and has no value */
export function rejectNothingIn(
	values: IDataObject,
	fields: Array<Pick<INodeProperties, 'displayName' | 'name'>>,
): void {
	for (const { displayName, name } of fields) {
		if (Object.hasOwn(values, name)) rejectNothing(displayName, valueOf(values[name]));
	}
}

/** Fields by their names. Comparing as a language does would take 10 ms when n8n starts. */
export function inAlphabeticalOrder(fields: INodeProperties[]): INodeProperties[] {
	return fields.toSorted((a, b) => (a.displayName < b.displayName ? -1 : 1));
}
