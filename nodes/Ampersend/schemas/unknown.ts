import * as z from 'zod/v4-mini';

import { isRecord } from '../domain/json';

/** Visits the fields of what was read that its shape doesn't know, each in its record. */
export function visitUnknown(
	shape: z.core.$ZodType,
	data: unknown,
	visit: (record: Record<string, unknown>, name: string) => void,
): void {
	if (
		shape instanceof z.ZodMiniNullable ||
		shape instanceof z.ZodMiniOptional ||
		shape instanceof z.ZodMiniCatch
	) {
		visitUnknown(shape.def.innerType, data, visit);
	} else if (shape instanceof z.ZodMiniArray && Array.isArray(data)) {
		for (const one of data) visitUnknown(shape.def.element, one, visit);
	} else if (shape instanceof z.ZodMiniObject && isRecord(data)) {
		for (const name of Object.keys(data)) {
			const known: unknown = Object.hasOwn(shape.def.shape, name) && shape.def.shape[name];
			if (known instanceof z.ZodMiniType) visitUnknown(known, data[name], visit);
			else visit(data, name);
		}
	}
}
