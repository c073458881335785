import { describe, expect, it } from '@jest/globals';

import { entryText } from '../../build/entries.mts';
import { AmpersendAgentApi } from '../../credentials/AmpersendAgentApi.credentials';
import { AmpersendApi } from '../../credentials/AmpersendApi.credentials';
import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';

type Class = new () => object;

/** Runs the text of an entry. @param loads what it loads, by path */
function run(text: string, loads: (path: string) => object): Record<string, Class> {
	const exported: Record<string, Class> = {};
	new Function('exports', 'require', text)(exported, loads);
	return exported;
}

/** The names of the functions of an object, with those of the objects in it. */
function functionsOf(value: object, path = ''): string[] {
	const prototype = Object.getPrototypeOf(value) as object;
	const owners = prototype === Object.prototype ? [value] : [value, prototype];
	return owners
		.flatMap((owner) => Object.getOwnPropertyNames(owner))
		.filter((name) => name !== 'constructor')
		.flatMap((name) => {
			const one: unknown = value[name as keyof typeof value];
			if (typeof one === 'function') return `${path}${name}`;
			return typeof one === 'object' && one ? functionsOf(one, `${path}${name}.`) : [];
		})
		.sort();
}

const loadsNothing = (path: string): object => {
	throw new Error(`${path} is loaded`);
};

describe.each<Class>([Ampersend, AmpersendTrigger, AmpersendApi, AmpersendAgentApi])(
	'The entry of %p',
	(RealClass) => {
		const text = entryText(RealClass, '../code.js');
		const load = () => {
			const { [RealClass.name]: Entry = Object } = run(text, loadsNothing);
			return new Entry();
		};

		it('shows n8n what the class shows, and loads nothing for it', () => {
			const [entry, real] = [load(), new RealClass()];
			expect(entry.constructor.name).toBe(RealClass.name);
			expect(JSON.stringify(entry)).toBe(JSON.stringify(real));
			expect(functionsOf(entry)).toEqual(functionsOf(real));
			expect(functionsOf(entry).length).toBeGreaterThan(0);
		});

		it('gives each instance its own fields, which n8n changes', () => {
			const Entry = run(text, loadsNothing)[RealClass.name] ?? Object;
			const [one, other] = [new Entry(), new Entry()] as [object, object];
			for (const [key, value] of Object.entries(one)) {
				if (typeof value === 'object') expect(value).not.toBe(other[key as keyof object]);
			}
		});
	},
);

describe('A function of an entry', () => {
	class Example {
		description = { name: 'example' };

		methods = {
			lists: {
				find(this: unknown, ...args: unknown[]) {
					return [this, ...args];
				},
			},
		};

		execute(this: unknown, ...args: unknown[]) {
			return [this, ...args];
		}
	}

	const loaded: string[] = [];
	const { Example: Entry = Object } = run(entryText(Example, '../code.js'), (path) => {
		loaded.push(path);
		return { Example };
	});
	const entry = new Entry() as Example;

	it('calls the one of the code, with the same arguments, and loads the code once', () => {
		const context = {};
		expect(loaded).toEqual([]);
		expect(entry.execute.call(context, 1, 2)).toEqual([context, 1, 2]);
		expect(entry.methods.lists.find.call(context, 3)).toEqual([context, 3]);
		expect(loaded).toEqual(['../code.js']);
	});

	it('belongs to a class whose fields are constant', () => {
		expect(() =>
			entryText(
				class {
					date = new Date(0);
				},
				'',
			),
		).toThrow(".date isn't a constant");
		expect(() =>
			entryText(
				class {
					gone = undefined;
				},
				'',
			),
		).toThrow(".gone isn't a constant");
	});
});
