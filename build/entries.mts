import { isDeepStrictEqual } from 'node:util';

/** Text that isn't longer stays readable. */
const SHORT = 100;

/** One other letter doubles the size of a source in memory, and the time to read it. */
const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A value as JavaScript. @throws Error if it isn't a constant */
function constant(value: unknown, path: string): string {
	const json = JSON.stringify(value);
	if (json === undefined || !isDeepStrictEqual(JSON.parse(json), value)) {
		throw new Error(`${path} isn't a constant`);
	}
	const text = json.replace(/[^ -~]/g, escaped);
	if (text.length <= SHORT) return text;
	// V8 reads this faster than an object of the same size, and each instance gets its own.
	return `JSON.parse('${text.replace(/['\\]/g, '\\$&')}')`;
}

/** Parameters and body of a function that calls the real one. */
const call = (path: string) => `(...args) {\n\t\treturn real()${path}.apply(this, args);\n\t}`;

function hasFunctions(value: unknown): value is object {
	if (typeof value !== 'object' || value === null) return false;
	return Object.values(value).some((one) => typeof one === 'function' || hasFunctions(one));
}

/** What a property of the real class becomes: functions call the real ones, the rest is constant. */
function literal(value: unknown, path: string): string {
	if (typeof value === 'function') return `function ${call(path)}`;
	if (!hasFunctions(value)) return constant(value, path);
	const fields = Object.entries(value).map(([key, one]) => {
		const name = JSON.stringify(key);
		return `${name}: ${literal(one, `${path}[${name}]`)}`;
	});
	return `{ ${fields.join(', ')} }`;
}

const STATIC = ['length', 'name', 'prototype'];

/** @throws Error for what an entry would lose */
function rejectUnknown(RealClass: new () => object): void {
	const { name, prototype } = RealClass;
	const members = Object.values(Object.getOwnPropertyDescriptors(prototype));
	const statics = Object.getOwnPropertyNames(RealClass).filter((key) => !STATIC.includes(key));
	const isPlain =
		Object.getPrototypeOf(prototype) === Object.prototype &&
		members.every(({ value }) => typeof value === 'function') &&
		statics.length === 0;
	if (!isPlain) throw new Error(`${name} has an accessor, a static member or a base class`);
}

/**
 * An entry of the package: the class as n8n reads it when it starts, whose functions load the code
 * at the first call.
 * @param code path to the code, from the entry
 */
export function entryText(RealClass: new () => object, code: string): string {
	const { name, prototype } = RealClass;
	rejectUnknown(RealClass);
	const fields = Object.entries(new RealClass()).map(
		([key, value]) => `\t${key} = ${literal(value, `.${key}`)};\n`,
	);
	const methods = Object.getOwnPropertyNames(prototype)
		.filter((key) => key !== 'constructor')
		.map((key) => `\t${key}${call(`.${key}`)}\n`);
	return [
		'"use strict";\n',
		'let instance;\n',
		`const real = () => (instance ??= new (require(${JSON.stringify(code)}).${name})());\n`,
		`exports.${name} = class ${name} {\n`,
		...fields,
		...methods,
		'};\n',
	].join('');
}
