// Runs a server for queueServers.mts: node server.cjs <its folder> <command> <arguments…>
// The pipe (fd 3) closes however the process at its other end ended, even by SIGKILL. Then the
// server ends too, and its folder goes.
const { spawn } = require('node:child_process');
const { rmSync } = require('node:fs');
const { Socket } = require('node:net');

const GRACE_MS = 5_000;

const [folder, command, ...args] = process.argv.slice(2);

// A terminal's Ctrl+C is for the process that started this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
// The output ends with that process.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

// Its own group: a signal for the one that it's in would end it before its clients.
const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
server.stdout.pipe(process.stdout);
server.stderr.pipe(process.stderr);
server.on('error', (error) => {
	console.error(error.message);
	process.exit(127);
});
server.on('exit', (code) => {
	rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
	process.exit(code ?? 1);
});

const pipe = new Socket({ fd: 3, readable: true, writable: false });
pipe.on('error', () => {});
pipe.on('close', () => {
	// Postgres and Redis end at once on it, and Postgres leaves no shared memory.
	server.kill('SIGINT');
	setTimeout(() => server.kill('SIGKILL'), GRACE_MS);
});
pipe.resume();
