import parser from '@typescript-eslint/parser';

// Beside eslint.config.mjs, which n8n's strict mode wants as it is.
export default [
	{
		files: ['**/*.ts', '**/*.mts'],
		languageOptions: { parser },
		linterOptions: { noInlineConfig: true },
		rules: {
			complexity: ['error', 12],
			'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
		},
	},
];
