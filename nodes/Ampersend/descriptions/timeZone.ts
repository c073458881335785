import type { IExecuteFunctions } from 'n8n-workflow';
import { getGlobalState } from 'n8n-workflow';

/** What n8n's editor stores for the time zone of the instance. It drops it on saving only. */
const OF_INSTANCE = 'DEFAULT';

/** The time zone of the workflow. */
export function timeZoneOf(n8n: IExecuteFunctions): string {
	const zone = n8n.getTimezone();
	return zone === OF_INSTANCE ? getGlobalState().defaultTimezone : zone;
}
