import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orchestrateGeneration } from '@n8n/workflow-sdk/scripts/generate-types';
import type { INodeTypeDescription } from 'n8n-workflow';
import ts from 'typescript';

import { Ampersend } from '../../nodes/Ampersend/Ampersend.node';
import { AmpersendTrigger } from '../../nodes/Ampersend/AmpersendTrigger.node';

/** What the SDK puts before the types that it generates. */
const GLOBALS = `
type Expression<T> = string & { readonly of?: T };
type IDataObject = Record<string, unknown>;
interface CredentialReference { id?: string; name: string }
interface NodeConfig<T = IDataObject> { parameters?: T }
type Items<T> = T[];
`;

const SECONDS = 60;
let folder: string;

type Generated = Parameters<typeof orchestrateGeneration>[0]['nodes'][number];

const nodes = [new Ampersend(), new AmpersendTrigger()].map(({ description }) => ({
	...(JSON.parse(JSON.stringify(description)) as Generated &
		Pick<INodeTypeDescription, 'builderHint'>),
	name: `n8n-nodes-ampersend.${description.name}`,
}));

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'ampersend-types-'));
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

describe("n8n's AI workflow builders", () => {
	it(
		'get types of both nodes that compile',
		async () => {
			const { nodeCount } = await orchestrateGeneration({ nodes, outputDir: folder });
			expect(nodeCount).toBe(nodes.length);
			const globals = join(folder, 'globals.d.ts');
			await writeFile(globals, GLOBALS);
			const program = ts.createProgram([globals, join(folder, 'index.ts')], {
				noEmit: true,
				strict: true,
				types: [],
				target: ts.ScriptTarget.ES2022,
				module: ts.ModuleKind.ESNext,
				moduleResolution: ts.ModuleResolutionKind.Bundler,
			});
			const problems = ts
				.getPreEmitDiagnostics(program)
				.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
			expect(problems).toEqual([]);
			const files = program.getSourceFiles().map(({ fileName }) => fileName);
			expect(files.filter((file) => file.includes('/operation_'))).not.toEqual([]);
		},
		SECONDS * 1000,
	);

	it.each(nodes)('read what goes with it: $displayName', ({ builderHint }) => {
		expect(builderHint?.searchHint).toContain('USDC');
		const related = builderHint?.relatedNodes?.map(({ nodeType }) => nodeType) ?? [];
		const ours = nodes.map(({ name }) => name);
		expect(related.some((name) => ours.includes(name))).toBe(true);
	});
});
