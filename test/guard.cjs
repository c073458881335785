// Runs a command for limit.mts, first of a process group of its own. The pipe (fd 3) closes however
// the process that holds its other end went, SIGKILL included: then the group goes too.
const { spawn } = require('node:child_process');
const { Socket } = require('node:net');

const isWindows = process.platform === 'win32';
const [command, ...args] = process.argv.slice(2);

// They are for the command, whose end is this one's.
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
