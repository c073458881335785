// Reads what an n8n has stored, from outside. Runs on n8n's own Node.js, which has SQLite built in.
// <database> is its file, or its address in Postgres, postgres://…
//   node stored.cjs read <database>         cursor, history and executions, as JSON
//   node stored.cjs watch <database>        a line of JSON whenever one of them changes, until its
//                                           input is closed
//   node stored.cjs kill <database> <pid> <what> <ms>
//       after the first line of its input: kills the process once <what> (cursor, history)
//       changes, or after <ms>
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { DatabaseSync } = require('node:sqlite');

const [, , command, place, ...rest] = process.argv;

/** @returns a function that gives the rows of a statement */
async function open() {
	if (!place.startsWith('postgres://')) {
		const database = new DatabaseSync(place, { readOnly: true });
		const statements = new Map();
		return (sql) => {
			if (!statements.has(sql)) statements.set(sql, database.prepare(sql));
			return statements.get(sql).all();
		};
	}
	const { Client } = createRequire(join(__dirname, '..', 'n8n', 'app', 'package.json'))('pg');
	const client = new Client(place);
	await client.connect();
	return async (sql) => (await client.query(sql)).rows;
}

// The durable scheduler's cursors have their own table; by default they are in the workflow.
const CURSOR =
	'COALESCE((SELECT CAST(cursor AS TEXT) FROM poller_state), ' +
	'(SELECT CAST("staticData" AS TEXT) FROM workflow_entity))';
// Remove Duplicates keeps its history there: hashes of the items that passed it.
const HISTORY = '(SELECT value FROM processed_data)';

// One statement reads one moment of the database.
const NOW =
	`SELECT ${CURSOR} AS cursor, ${HISTORY} AS history, ` +
	'(SELECT MAX("executionId") FROM execution_data) AS execution, ' +
	'(SELECT COUNT(*) FROM execution_entity WHERE "stoppedAt" IS NOT NULL) AS ended';

const EXECUTIONS =
	'SELECT "executionId" AS id, data, status, "startedAt", "stoppedAt" FROM execution_data ' +
	// A retry is not the trigger's.
	'JOIN execution_entity ON id = "executionId" WHERE mode <> \'retry\' ORDER BY "executionId"';

async function read(rows) {
	const [{ cursor, history }] = await rows(NOW);
	process.stdout.write(
		JSON.stringify({ cursor, history, executions: await rows(EXECUTIONS) }),
		() => process.exit(),
	);
}

/**
 * Reads the database every millisecond, and calls back with what it read and what has changed.
 */
async function look(rows, onLook) {
	let [last] = await rows(NOW);
	const next = async () => {
		const [current] = await rows(NOW);
		const changed = Object.keys(current).filter((name) => current[name] !== last[name]);
		last = current;
		onLook(changed);
		setTimeout(next, 1);
	};
	await next();
}

function epochMs() {
	return performance.timeOrigin + performance.now();
}

async function watch(rows) {
	process.stdin.on('end', () => process.exit());
	process.stdin.resume();
	await look(rows, (changed) => {
		if (changed.length > 0) console.log(JSON.stringify({ at: epochMs(), changed }));
	});
	console.log(JSON.stringify({ at: epochMs(), changed: [] }));
}

async function kill(rows) {
	const [pid, what, ms] = rest;
	let isArmed = false;
	const end = (isMet) => {
		process.kill(Number(pid), 'SIGKILL');
		console.log(JSON.stringify({ at: epochMs(), isMet }));
		process.exit();
	};
	process.stdin.once('data', () => {
		isArmed = true;
		setTimeout(() => end(false), Number(ms));
	});
	process.stdin.on('end', () => process.exit());
	await look(rows, (changed) => {
		if (isArmed && changed.includes(what)) end(true);
	});
	console.log(JSON.stringify({ at: epochMs() }));
}

open().then((rows) => ({ read, watch, kill })[command](rows));
