import * as z from 'zod/v4-mini';

import { omit, withRest } from '../domain/json';
import type { AmountFields } from '../domain/money';
import { formatUsdc } from '../domain/money';
import { toIsoOrNull } from '../domain/time';

export const text = z.string();
export const textOrNull = z.nullable(text);

/** A field of an output item. */
interface Field<Wire, Context, Type extends z.ZodMiniType = z.ZodMiniType> {
	type: Type;
	/** The wire fields that it shows. All that no field shows follow unchanged. */
	shows: string[];
	/** Undefined leaves the field out. */
	valueOf: (wire: Wire, context: Context) => unknown;
}

/** An amount, which has two fields. `valueOf` gives micro-USDC. */
interface Amount<Wire, Context, Type extends z.ZodMiniType = z.ZodMiniType>
	extends Field<Wire, Context, Type> {
	valueOf: (wire: Wire, context: Context) => Micro;
}

type Micro = bigint | string | null | undefined;
type Name<Wire> = keyof Wire & string;
type TypesOf<Fields extends Record<string, { type: z.ZodMiniType }>> = {
	-readonly [Key in keyof Fields]: Fields[Key]['type'];
};
/** Rejects a type that a value of the wire doesn't have. */
type Fitting<Value, Type extends z.ZodMiniType> = [Value] extends [z.infer<Type>] ? Type : never;

/** What an item of an output has, and what makes one. */
export interface Output<Wire, Context, Types extends z.core.$ZodShape> {
	schema: z.ZodMiniObject<Types>;
	/** What the service adds follows the known fields. */
	of(wire: Wire, context: Context): z.infer<z.ZodMiniObject<Types>>;
	/** The same after fields of the node's own, which nothing that the service adds replaces. */
	after<Own extends Record<string, unknown>>(
		own: Own,
		wire: Wire,
		context: Context,
	): Own & z.infer<z.ZodMiniObject<Types>>;
	/** Reads one field without making an item. */
	valueOf(name: keyof Types & string): (wire: Wire, context: Context) => unknown;
}

/** Decimal USDC; what isn't there stays so. @param micro micro-USDC */
export function inUsdc(micro: Micro): string | null | undefined {
	return micro === null || micro === undefined ? micro : formatUsdc(BigInt(micro));
}

function inMicro(micro: Micro): string | null | undefined {
	return micro === null || micro === undefined ? micro : BigInt(micro).toString();
}

/**
 * Means to describe an output: each field is named once, with its type and what it's made of.
 * `Wire` is what the service sends, and `Context` what else a value can be made of.
 */
export function outputsOf<Wire extends object, Context = void>() {
	/** A value of its own, and the wire fields that it shows. */
	const computed = <Type extends z.ZodMiniType>(
		type: Type,
		valueOf: (wire: Wire, context: Context) => z.infer<Type>,
		...shows: Array<Name<Wire>>
	): Field<Wire, Context, Type> => ({ type, shows, valueOf });

	/** A wire field, unchanged. */
	const copied = <Key extends Name<Wire>, Type extends z.ZodMiniType>(
		key: Key,
		type: Type & Fitting<Wire[Key], Type>,
	): Field<Wire, Context, Type> => ({ type, shows: [key], valueOf: (wire) => wire[key] });

	/** A time, epoch ms on the wire, in ISO 8601, UTC. */
	const time = <Key extends Name<Wire>>(
		key: Wire[Key] extends number | null | undefined ? Key : never,
	) => computed(textOrNull, (wire) => toIsoOrNull(wire[key] as number | null | undefined), key);

	const amount = <Type extends z.ZodMiniType>(
		type: Type,
		valueOf: (wire: Wire, context: Context) => Micro,
		...shows: Array<Name<Wire>>
	): Amount<Wire, Context, Type> => ({ type, shows, valueOf });

	/** Amounts by name: `{ x }` gives `xUsdc` and `xUsdcMicro`. */
	function amounts<Given extends Record<string, Amount<Wire, Context>>>(
		given: Given,
	): AmountFields<{ [Key in keyof Given]: Field<Wire, Context, Given[Key]['type']> }>;
	function amounts(given: Record<string, Amount<Wire, Context>>) {
		const fields = Object.entries(given).flatMap(([name, { valueOf, ...field }]) => [
			[
				`${name}Usdc`,
				{ ...field, valueOf: (wire: Wire, context: Context) => inUsdc(valueOf(wire, context)) },
			],
			[
				`${name}UsdcMicro`,
				{ ...field, valueOf: (wire: Wire, context: Context) => inMicro(valueOf(wire, context)) },
			],
		]);
		return Object.fromEntries(fields) as unknown;
	}
	return { computed, copied, time, amount, amounts };
}

/** An output of fields that `outputsOf` has made, in this order. */
export function outputOf<
	Wire extends object,
	Context,
	Fields extends Record<string, Field<Wire, Context>>,
>(fields: Fields & Record<string, Field<Wire, Context>>): Output<Wire, Context, TypesOf<Fields>> {
	const entries = Object.entries(fields);
	const types = Object.fromEntries(entries.map(([name, { type }]) => [name, type]));
	const shown = new Set(entries.flatMap(([, { shows }]) => shows));
	type Item = z.infer<z.ZodMiniObject<TypesOf<Fields>>>;
	const after = <Own extends Record<string, unknown>>(own: Own, wire: Wire, context: Context) => {
		const item: Record<string, unknown> = { ...own };
		for (const [name, field] of entries) {
			const value = field.valueOf(wire, context);
			if (value !== undefined) item[name] = value;
		}
		return withRest(item, omit(wire, shown)) as Own & Item;
	};
	return {
		schema: z.object(types as TypesOf<Fields>),
		valueOf: (name) => fields[name].valueOf,
		of: (wire, context) => after({}, wire, context),
		after,
	};
}
