export default {
	testEnvironment: 'node',
	testMatch: ['<rootDir>/*.test.mts'],
	modulePathIgnorePatterns: ['<rootDir>/node_modules/'],
	globalSetup: '<rootDir>/setup.mts',
	globalTeardown: '<rootDir>/teardown.mts',
	maxWorkers: 1,
	testTimeout: 180_000,
	reporters: ['default', ['<rootDir>/../summary-reporter.mjs', { label: 'e2e' }]],
	transform: {
		'^.+\\.m?ts$': [
			'@swc/jest',
			{
				jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
				module: { type: 'commonjs' },
			},
		],
	},
};
