import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { getGlobalState } from 'n8n-workflow';

import { ParameterError, quote, readText } from '../domain/parameter';
import { isTimeZone } from '../domain/time';

/** What n8n's editor stores for the time zone of the instance. It drops it on saving only. */
const OF_INSTANCE = 'DEFAULT';

export const timeZoneField = {
	displayName: 'Time Zone',
	name: 'timeZone',
	type: 'string',
	default: '',
	placeholder: 'e.g. Europe/Berlin',
	description:
		'Where a day starts and ends, and of dates without a time zone. Leave empty for the time ' +
		'zone of the workflow.',
} as const satisfies INodeProperties;

/** The time zone of the workflow. */
function zoneOf(n8n: IExecuteFunctions): string {
	const zone = n8n.getTimezone();
	return zone === OF_INSTANCE ? getGlobalState().defaultTimezone : zone;
}

/** @throws ParameterError for an unknown time zone */
export function readTimeZone(n8n: IExecuteFunctions, options: IDataObject): string {
	const entered = readText(timeZoneField.displayName, options[timeZoneField.name]);
	const zone = entered || zoneOf(n8n);
	if (isTimeZone(zone)) return zone;
	throw new ParameterError(
		timeZoneField.displayName,
		`${quote(zone)} isn't a time zone.`,
		'Use a name such as Europe/Berlin or America/New_York.',
	);
}
