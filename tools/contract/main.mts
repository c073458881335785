import { runContract } from './run.mts';

process.exitCode = await runContract(process.argv.slice(2), process.env, {
	out: (text) => void process.stdout.write(text),
	err: (text) => void process.stderr.write(text),
});
