// Loaded into n8n before its own code. The pipe (fd 3) closes however the parent ended, SIGKILL included.
const { Socket } = require('node:net');

const pipe = new Socket({ fd: 3, readable: true, writable: false });
pipe.on('error', () => {});
pipe.on('close', () => {
	process.kill(process.pid, 'SIGTERM');
	setTimeout(() => process.exit(1), 5_000).unref();
});
pipe.resume();
pipe.unref();
