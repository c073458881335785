/**
 * Reads patterns as JSON, `[{source, flags}]`, and writes how the steps of each grow with its text.
 * A separate program, because `recheck` takes ten times as long inside Jest.
 */
'use strict';

const { readFileSync } = require('node:fs');

// Its other back ends are native programs and Java; this one is JavaScript.
process.env.RECHECK_SYNC_BACKEND = 'pure';
const { checkSync } = require('recheck');

const patterns = JSON.parse(readFileSync(0, 'utf8'));
const growths = patterns.map(({ source, flags }) => {
	const result = checkSync(source, flags, { checker: 'automaton', timeout: 20_000 });
	return result.status === 'unknown' ? `unknown (${result.error.kind})` : result.complexity.type;
});
process.stdout.write(JSON.stringify(growths));
