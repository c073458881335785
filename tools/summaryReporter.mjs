import { relative } from 'node:path';
import { Worker } from 'node:worker_threads';

const SLOW_S = 120;

/** Its own thread, because a test in an endless loop blocks everything else in Jest's process. */
const WATCH = `
const { parentPort, workerData: seconds } = require('node:worker_threads');
const timers = new Map();
parentPort.on('message', ({ file, isRunning }) => {
	clearInterval(timers.get(file));
	if (!isRunning) return;
	const from = Date.now();
	const say = () => {
		const so = Math.round((Date.now() - from) / 1000);
		require('node:fs').writeSync(2, file + ' has been running for ' + so + ' s\\n');
	};
	timers.set(file, setInterval(say, seconds * 1000));
});
`;

/**
 * Names slow test files, and ends a run with one plain line: `<label>: N passed, N failed`.
 */
export default class SummaryReporter {
	constructor(_globalConfig, { label, slowSeconds = SLOW_S }) {
		this.label = label;
		this.watch = new Worker(WATCH, { eval: true, execArgv: [], workerData: slowSeconds });
		this.watch.unref();
	}

	onTestFileStart({ path }) {
		this.watch.postMessage({ file: relative('', path), isRunning: true });
	}

	onTestFileResult({ path }) {
		this.watch.postMessage({ file: relative('', path), isRunning: false });
	}

	async onRunComplete(_contexts, { numPassedTests, numFailedTests, testResults }) {
		await this.watch.terminate();
		const brokenFiles = testResults.filter(({ testExecError }) => testExecError).length;
		process.stdout.write(
			`\n${this.label}: ${numPassedTests} passed, ${numFailedTests + brokenFiles} failed\n`,
		);
	}
}
