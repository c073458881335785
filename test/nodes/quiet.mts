/**
 * Import it before n8n-core, which logs every rejection with its stack; tests check the outcome.
 */
process.env.N8N_LOG_LEVEL ??= 'silent';
