/** Closes a run with one plain line: `<label>: N passed, N failed`. */
export default class SummaryReporter {
	constructor(_globalConfig, { label }) {
		this.label = label;
	}

	onRunComplete(_contexts, { numPassedTests, numFailedTests, testResults }) {
		const brokenFiles = testResults.filter(({ testExecError }) => testExecError).length;
		process.stdout.write(
			`\n${this.label}: ${numPassedTests} passed, ${numFailedTests + brokenFiles} failed\n`,
		);
	}
}
