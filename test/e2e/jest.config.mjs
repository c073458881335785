export default {
	testEnvironment: 'node',
	testMatch: ['<rootDir>/*.test.mts'],
	globalSetup: '<rootDir>/setup.mjs',
	globalTeardown: '<rootDir>/teardown.mjs',
	// One real n8n at a time.
	maxWorkers: 1,
	testTimeout: 180_000,
	reporters: ['default', ['<rootDir>/../summary-reporter.mjs', { label: 'e2e' }]],
	transform: {
		'^.+\\.mts$|/node_modules/(get-port|milliparsec)/.+\\.js$': [
			'@swc/jest',
			{
				jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
				module: { type: 'commonjs' },
			},
		],
	},
	// mockttp needs them, and they are ES modules, which jest does not load on Node 20.
	transformIgnorePatterns: ['/node_modules/(?!(get-port|milliparsec)/)'],
};
