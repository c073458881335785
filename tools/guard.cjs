// Runs a command for runWithin.mts as the first of its own process group. The pipe (fd 3) closes
// however the process at its other end ended, even by SIGKILL: then the group ends too.
const { spawn } = require('node:child_process');
const { Socket } = require('node:net');

const isWindows = process.platform === 'win32';
const [command, ...args] = process.argv.slice(2);

// They are for the command: when it ends, this process ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

// On Windows npm is a batch file.
const child = spawn(command, args, { stdio: 'inherit', shell: isWindows });
child.on('error', (error) => {
	console.error(error.message);
	process.exit(127);
});
child.on('exit', (code) => process.exit(code ?? 1));

const pipe = new Socket({ fd: 3, readable: true, writable: false });
pipe.on('error', () => {});
pipe.on('close', () => {
	if (isWindows) spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
	else process.kill(-process.pid, 'SIGKILL');
});
pipe.resume();
