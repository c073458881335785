// Loaded into n8n before its own code. The pipe (fd 3) closes however the parent ended, even by
// SIGKILL.
const { Socket } = require('node:net');

const GRACE_MS = 4_000;

// The output ends with the parent: n8n would log each failure to log, forever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const pipe = new Socket({ fd: 3, readable: true, writable: false });
pipe.on('error', () => {});
pipe.on('close', () => {
	setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS);
	process.kill(process.pid, 'SIGTERM');
});
pipe.resume();
pipe.unref();
