// Reads what an n8n has stored, from outside of it; runs on n8n's own Node.js, which has SQLite built in.
//   node stored.cjs read <database>    the cursor and the executions, as JSON
//   node stored.cjs watch <database>   a line of JSON whenever either changes, until its input is closed
const { DatabaseSync } = require('node:sqlite');

const [, , what, file] = process.argv;
const database = new DatabaseSync(file, { readOnly: true });

// The durable scheduler's cursors have a table of their own; by default they stand in the workflow.
const CURSOR = 'COALESCE((SELECT cursor FROM poller_state), (SELECT staticData FROM workflow_entity))';

function read() {
	const { cursor } = database.prepare(`SELECT ${CURSOR} AS cursor`).get();
	const executions = database.prepare('SELECT executionId AS id, data FROM execution_data ORDER BY executionId').all();
	console.log(JSON.stringify({ cursor, executions }));
}

function watch() {
	// One statement sees one moment of the database.
	const now = database.prepare(`SELECT ${CURSOR} AS cursor, (SELECT MAX(executionId) FROM execution_data) AS execution`);
	let last = now.get();
	const look = () => {
		const next = now.get();
		const at = performance.timeOrigin + performance.now();
		if (next.cursor !== last.cursor || next.execution !== last.execution) {
			console.log(JSON.stringify({ at, cursor: next.cursor !== last.cursor, execution: next.execution !== last.execution }));
			last = next;
		}
		setTimeout(look, 1);
	};
	process.stdin.on('end', () => process.exit());
	process.stdin.resume();
	look();
	console.log(JSON.stringify({ at: performance.timeOrigin + performance.now(), cursor: false, execution: false }));
}

({ read, watch })[what]();
