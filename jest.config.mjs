export default {
	testEnvironment: 'node',
	// Jest looks up each global in a sandbox, and a third of the time goes there. No test replaces
	// these whole (only `Date.now`), so each module gets them as arguments.
	sandboxInjectedGlobals: [
		...['Array', 'BigInt', 'Boolean', 'Date', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object'],
		...['Promise', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'Uint8Array', 'WeakMap'],
		...['isNaN', 'parseInt'],
	],
	// Jest leaves one core free: of two, as CI has them, that is half.
	maxWorkers: '100%',
	// A worker that has run all of n8n takes a while to end.
	workerGracefulExitTimeout: 10_000,
	// A bound for what hangs; how fast things are is no test's affair.
	testTimeout: 240_000,
	reporters: ['default', ['<rootDir>/tools/summaryReporter.mjs', { label: 'tests' }]],
	testMatch: ['<rootDir>/test/{unit,nodes,trigger,contract,rules,emulator}/**/*.test.mts'],
	// Jest looks for tests here, and not among the files of the n8n below tools/.
	roots: ['<rootDir>/test'],
	// Published as ES modules only, which jest loads as CommonJS.
	transformIgnorePatterns: [
		'/node_modules/(?!(@noble/(curves|hashes|secp256k1)|p-limit|yocto-queue)/)',
	],
	transform: {
		'^.+\\.m?[jt]s$': [
			'@swc/jest',
			{
				jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
				module: { type: 'commonjs' },
			},
		],
	},
};
