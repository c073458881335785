import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { examplesDir, readExample } from '../../tools/n8n/rig.mts';
import type { WorkflowNode } from '../../tools/n8n/n8n.mts';

const NOTE = 'n8n-nodes-base.stickyNote';
const OVERVIEW = 'Note: what it does';
const GRID = 16;
/** A node as n8n 2.41 draws it, with its name and subtitle below. An AI Agent is wider. */
const NODE = { width: 96, height: 96, label: 72 };
const AGENT_WIDTH = 224;

interface Box {
	name: string;
	left: number;
	top: number;
	right: number;
	bottom: number;
}

function boxOf({ name, position: [left, top] }: WorkflowNode, width: number, height: number): Box {
	return { name, left, top, right: left + width, bottom: top + height };
}

function nodeBox(node: WorkflowNode): Box {
	const width = node.type.endsWith('.agent') ? AGENT_WIDTH : NODE.width;
	return boxOf(node, width, NODE.height + NODE.label);
}

function noteBox(node: WorkflowNode): Box {
	return boxOf(node, Number(node.parameters.width), Number(node.parameters.height));
}

/** How n8n's editor sets a line of a note: its size, line height and margin in px, and indent. */
function styleOf(line: string) {
	if (line.startsWith('## ')) return { size: 24, height: 36, margin: 8, indent: 0 };
	if (line.startsWith('### ')) return { size: 16, height: 24, margin: 8, indent: 0 };
	if (/^\d+\. /.test(line)) return { size: 14, height: 18.2, margin: 3.5, indent: 16 };
	return { size: 14, height: 21, margin: 8, indent: 0 };
}

/** Of a letter, in parts of its size; a little more than the average. */
const LETTER = 0.52;

const PADDING = 16;

/** The part of a note with its text. The height is estimated, and rather too much. */
function textBox(node: WorkflowNode): Box {
	const width = Number(node.parameters.width);
	const lines = String(node.parameters.content).split('\n').filter(Boolean);
	const heights = lines.map((line) => {
		const { size, height, margin, indent } = styleOf(line);
		const letters = line.replaceAll(/[*`#]/g, '').length;
		const perRow = (width - 2 * PADDING - indent) / (size * LETTER);
		return Math.ceil(letters / perRow) * height + margin;
	});
	return boxOf(
		node,
		width,
		heights.reduce((sum, one) => sum + one, PADDING),
	);
}

function overlap(one: Box, other: Box): boolean {
	return (
		one.left < other.right &&
		other.left < one.right &&
		one.top < other.bottom &&
		other.top < one.bottom
	);
}

function encloses(outer: Box, inner: Box): boolean {
	return (
		outer.left <= inner.left &&
		outer.top <= inner.top &&
		inner.right <= outer.right &&
		inner.bottom <= outer.bottom
	);
}

const files = readdirSync(examplesDir).filter((file) => file.endsWith('.json'));

describe.each(files)('%s', (file) => {
	test('has yellow notes around the nodes that they explain, and clear of their text', async () => {
		const all = (await readExample(file)).nodes;
		const notes = all.filter(({ type }) => type === NOTE);
		const nodes = all.filter(({ type }) => type !== NOTE).map(nodeBox);
		const texts = notes.map(textBox);

		// Yellow is the default.
		expect(notes.filter(({ parameters }) => 'color' in parameters)).toEqual([]);
		expect(all.filter(({ position }) => position.some((at) => at % GRID !== 0))).toEqual([]);
		const around = notes.map((note) => ({
			note: note.name,
			nodes: nodes.filter((node) => encloses(noteBox(note), node)).length,
		}));
		expect(around.filter(({ nodes: count }) => count === 0)).toEqual([
			{ note: OVERVIEW, nodes: 0 },
		]);
		// Each node is in exactly one note.
		expect(around.reduce((sum, { nodes: count }) => sum + count, 0)).toBe(nodes.length);

		const covered = texts.flatMap((text) => nodes.filter((node) => overlap(text, node)));
		expect(covered).toEqual([]);
		const tooLong = notes.filter((note, i) => !encloses(noteBox(note), texts[i] as Box));
		expect(tooLong.map(({ name }) => name)).toEqual([]);
		const boxes = [...nodes, ...notes.map(noteBox)];
		const pairs = boxes.flatMap((one, i) => boxes.slice(i + 1).map((other) => [one, other]));
		const crossing = pairs.filter(([one, other]) => {
			const [a, b] = [one as Box, other as Box];
			return overlap(a, b) && !encloses(a, b) && !encloses(b, a);
		});
		expect(crossing).toEqual([]);
	});

	test("says Publish, n8n's word", async () => {
		const { nodes } = await readExample(file);
		const texts = nodes.map(({ parameters }) => String(parameters.content ?? ''));
		expect(texts.join('\n')).not.toMatch(/activat/i);
	});
});
