/**
 * Imported before n8n-core, which logs every refusal with its stack: in a test the outcome has it.
 */
process.env.N8N_LOG_LEVEL ??= 'silent';
