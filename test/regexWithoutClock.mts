import { safeRegex, setSafeRegexEngine } from 'n8n-workflow';

// n8n gives each pattern 250 ms by the clock, which a busy machine can take from the whole process.
setSafeRegexEngine({
	...safeRegex,
	test: (pattern, input, flags) => new RegExp(pattern, flags).test(input),
});
