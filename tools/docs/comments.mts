import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** An object literal of the source: its properties, with their doc comments. */
type Literal = Map<string, string>;

/** The comment above a property, as one line. */
function commentAbove(property: ts.ObjectLiteralElementLike): string {
	const comments = ts.getJSDocCommentsAndTags(property).filter(ts.isJSDoc);
	const text = ts.getTextOfJSDocComment(comments.at(-1)?.comment) ?? '';
	return text.replace(/\s+/g, ' ');
}

/** The names that a property adds: `...amountShape({ amount })` adds two. */
function namesOf(property: ts.ObjectLiteralElementLike): string[] {
	if (property.name) return [property.name.getText()];
	if (!ts.isSpreadAssignment(property) || !ts.isCallExpression(property.expression)) return [];
	const [argument] = property.expression.arguments;
	if (!argument || !ts.isObjectLiteralExpression(argument)) return [];
	return argument.properties
		.flatMap(({ name }) => name?.getText() ?? [])
		.flatMap((name) => [`${name}Usdc`, `${name}UsdcMicro`]);
}

function literalsIn(file: string): Literal[] {
	const text = readFileSync(file, 'utf8');
	const literals: Literal[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isObjectLiteralExpression(node)) {
			const entries = node.properties.flatMap((property) =>
				namesOf(property).map((name) => [name, commentAbove(property)] as const),
			);
			literals.push(new Map(entries));
		}
		ts.forEachChild(node, visit);
	};
	visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
	return literals;
}

/** Doc comments of output fields. They aren't there at run time. */
export class Comments {
	private readonly literals: Literal[];

	/** @param folder of the node's source */
	constructor(folder: string) {
		this.literals = readdirSync(folder, { recursive: true, encoding: 'utf8' })
			.filter((name) => name.endsWith('.ts'))
			.sort()
			.flatMap((name) => literalsIn(join(folder, name)))
			.filter((literal) => [...literal.values()].some((comment) => comment !== ''));
	}

	/** From the literal that has the most fields of the schema, among those with this one. */
	of(field: string, schemaFields: readonly string[]): string {
		const shared = (literal: Literal) => schemaFields.filter((name) => literal.has(name)).length;
		const [closest] = this.literals
			.filter((literal) => literal.has(field))
			.toSorted((one, other) => shared(other) - shared(one));
		return closest?.get(field) ?? '';
	}
}
