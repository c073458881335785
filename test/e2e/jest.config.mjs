import root from '../../jest.config.mjs';

const isQueueMode = process.env.AMPERSEND_E2E_MODE === 'queue';

export default {
	testEnvironment: 'node',
	// In another's n8n, only what tools/n8n/running.mts names.
	testMatch: [
		process.env.AMPERSEND_N8N_URL ? '<rootDir>/running.test.mts' : '<rootDir>/*.test.mts',
	],
	// They need Postgres, Redis and workers: npm run e2e -- --queue.
	testPathIgnorePatterns: ['/node_modules/', ...(isQueueMode ? [] : ['/queue[^/]*\\.test\\.mts$'])],
	globalSetup: '<rootDir>/setup.mjs',
	globalTeardown: '<rootDir>/teardown.mjs',
	setupFilesAfterEnv: ['<rootDir>/afterEachFile.mts'],
	// Two real n8n at a time: each of them mostly waits. In queue mode, each is three processes.
	maxWorkers: isQueueMode ? 1 : 2,
	testTimeout: 180_000,
	reporters: ['default', ['<rootDir>/../../tools/summaryReporter.mjs', { label: 'e2e' }]],
	transform: root.transform,
	// Published as ES modules only, which Jest loads as CommonJS: for the emulator, and for mockttp.
	transformIgnorePatterns: ['/node_modules/(?!(@noble/(curves|hashes)|get-port|milliparsec)/)'],
};
