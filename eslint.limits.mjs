import { config } from '@n8n/node-cli/eslint';

/** n8n's own, so that no other release of it is installed. */
const { languageOptions } = config.find((part) => part.languageOptions?.parser);

// Beside eslint.config.mjs, which n8n's strict mode wants as it is.
export default [
	{
		files: ['**/*.ts', '**/*.mts'],
		languageOptions: { parser: languageOptions.parser },
		linterOptions: { noInlineConfig: true },
		rules: {
			complexity: ['error', 12],
			'no-shadow': 'error',
			'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
		},
	},
];
