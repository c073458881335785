import type { JSONSchema } from 'zod/v4/core';

export type Json = JSONSchema.BaseSchema;

export const alternatives = ({ anyOf }: Json): Json[] => (anyOf ?? []) as Json[];

export const isNull = ({ type }: Json): boolean => type === 'null';

/** The fields of an object. */
export const fieldsOf = ({ properties }: Json): Record<string, Json> =>
	(properties ?? {}) as Record<string, Json>;
