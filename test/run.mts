import { runJest } from './jest.mts';

const SECONDS = 1200;

/** Runs the tests of `npm test`; arguments go to Jest. */
runJest({ step: 'The tests', seconds: SECONDS, args: process.argv.slice(2) }).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exitCode = 1;
	},
);
