// Reads what an n8n has stored, from outside. Runs on n8n's own Node.js, which has SQLite built in.
//   node stored.cjs read <database>         cursor, history and executions, as JSON
//   node stored.cjs watch <database>        a line of JSON whenever one of them changes, until its
//                                           input is closed
//   node stored.cjs kill <database> <pid> <what> <ms>
//       after the first line of its input: kills the process once <what> (cursor, history)
//       changes, or after <ms>
const { DatabaseSync } = require('node:sqlite');

const [, , command, file, ...rest] = process.argv;
const database = new DatabaseSync(file, { readOnly: true });

// The durable scheduler's cursors have their own table; by default they are in the workflow.
const CURSOR =
	'COALESCE((SELECT cursor FROM poller_state), (SELECT staticData FROM workflow_entity))';
// Remove Duplicates keeps its history there: hashes of the items that passed it.
const HISTORY = '(SELECT value FROM processed_data)';

// One statement reads one moment of the database.
const now = database.prepare(
	`SELECT ${CURSOR} AS cursor, ${HISTORY} AS history, ` +
		'(SELECT MAX(executionId) FROM execution_data) AS execution, ' +
		'(SELECT COUNT(*) FROM execution_entity WHERE stoppedAt IS NOT NULL) AS ended',
);

function read() {
	const { cursor, history } = now.get();
	const executions = database
		.prepare(
			'SELECT executionId AS id, data, status, startedAt, stoppedAt FROM execution_data ' +
				'JOIN execution_entity ON id = executionId ORDER BY executionId',
		)
		.all();
	console.log(JSON.stringify({ cursor, history, executions }));
}

/**
 * Reads the database every millisecond, and calls back with what it read and what has changed.
 */
function look(onLook) {
	let last = now.get();
	const next = () => {
		const current = now.get();
		const changed = Object.keys(current).filter((name) => current[name] !== last[name]);
		last = current;
		onLook(changed);
		setTimeout(next, 1);
	};
	next();
}

function epochMs() {
	return performance.timeOrigin + performance.now();
}

function watch() {
	process.stdin.on('end', () => process.exit());
	process.stdin.resume();
	look((changed) => {
		if (changed.length > 0) console.log(JSON.stringify({ at: epochMs(), changed }));
	});
	console.log(JSON.stringify({ at: epochMs(), changed: [] }));
}

function kill() {
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
	look((changed) => {
		if (isArmed && changed.includes(what)) end(true);
	});
	console.log(JSON.stringify({ at: epochMs() }));
}

({ read, watch, kill })[command]();
