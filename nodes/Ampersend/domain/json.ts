/** Whether a JSON value has fields: an object, and no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a field has anything to say. */
function isGiven(value: unknown): boolean {
	return isRecord(value) || Array.isArray(value) ? Object.keys(value).length > 0 : Boolean(value);
}

const isFalse = (value: unknown): boolean => value === false || value === 'false';

/** Codes that say that all is well, and texts that say that something isn't. */
const GOOD_CODE = /^(?:0*|2\d\d|2\d{4})$/;
const NUMBER = /^-?\d+$/;
const BAD_WORD = /err|fail|invalid|denied|forbidden|exceed|expired|not_|unauth/i;
const GOOD_WORDS = /^\s*(?:ok|success|succeeded|done)\b/i;

const HTTP_ERROR = /^[45]\d\d$/;

const codeOf = (value: unknown): string =>
	typeof value === 'number' || typeof value === 'string' ? String(value) : '';

const isBadCode = (code: string): boolean =>
	(NUMBER.test(code) || BAD_WORD.test(code)) && !GOOD_CODE.test(code);

/**
 * Whether a body has a status or a code of an error. An agent, a hosted endpoint and an approval
 * have a status of their own.
 */
function hasBadStatus(body: Record<string, unknown>): boolean {
	const { status, code, statusCode, message, msg } = body;
	const words = [message, msg].find((text) => typeof text === 'string' && text.trim() !== '');
	if (status === 'error' || status === 'fail') {
		return words !== undefined || !('address' in body || 'id' in body);
	}
	const hasContent = Object.values(body).some(
		(field) => typeof field === 'object' && isGiven(field),
	);
	if (words === undefined || GOOD_WORDS.test(String(words)) || hasContent) return false;
	return [code, statusCode].map(codeOf).some(isBadCode) || HTTP_ERROR.test(codeOf(status));
}

/** Whether a body reports an error, whatever the status of its answer says. */
export function reportsError(body: unknown): body is Record<string, unknown> {
	if (!isRecord(body)) return false;
	const { success, ok, errors, error } = body;
	const isError = isFalse(success) || isFalse(ok) || isGiven(errors) || isGiven(error);
	return isError || hasBadStatus(body);
}

/**
 * Adds further fields after the known ones, such as those that the service has added. They never
 * replace a known field.
 */
export function withRest<Known extends object, Further extends object = object>(
	known: Known,
	further: Further,
): Known & Omit<Further, keyof Known> {
	// Most rows have none, and there can be a million rows.
	if (Object.keys(further).length === 0) return known as Known & Omit<Further, keyof Known>;
	return { ...known, ...further, ...known };
}

/** A record without the fields that are undefined. */
export function withoutUndefined<Row extends object>(
	row: Row,
): { [Name in keyof Row]?: Exclude<Row[Name], undefined> };
export function withoutUndefined(row: object): object {
	return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** Rows of several kinds, each with the fields of all of them: null where it has none. */
export function withSameFields(rows: object[]): object[] {
	const names = new Set(rows.flatMap(Object.keys));
	const empty = Object.fromEntries([...names].map((name) => [name, null]));
	return rows.map((row) => ({ ...empty, ...row }));
}

/** A record without some of its fields. */
export function omit<Row extends object>(row: Row, names: ReadonlySet<string>): Partial<Row> {
	const others: Partial<Row> = {};
	for (const name of Object.keys(row) as Array<keyof Row & string>) {
		if (!names.has(name)) others[name] = row[name];
	}
	return others;
}

/**
 * Deletes every field `__proto__` in a JSON value. Where a copy is made field by field, such a
 * field would give it fields that nobody sees. Changes the value itself.
 * @returns how many levels of objects and lists the value has
 */
export function dropPrototypes(value: unknown): number {
	return visitRecords(value, (record) => {
		if (Object.hasOwn(record, '__proto__')) Reflect.deleteProperty(record, '__proto__');
	});
}

const isParent = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null;

/**
 * Visits every object and list in a JSON value, level by level. It doesn't recurse, so no depth is
 * too much. Fields that `visit` deletes aren't visited.
 * @returns how many levels there are
 */
export function visitRecords(
	value: unknown,
	visit: (record: Record<string, unknown>) => void,
): number {
	let level = [value].filter(isParent);
	let depth = 0;
	for (; level.length > 0; depth++) {
		const below: typeof level = [];
		for (const record of level) {
			visit(record);
			for (const child of Object.values(record)) if (isParent(child)) below.push(child);
		}
		level = below;
	}
	return depth;
}
