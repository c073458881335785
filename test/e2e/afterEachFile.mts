import { afterAll } from '@jest/globals';
import { endStarts } from '../../tools/n8n/process.mts';

// Jest doesn't end what a hook that took too long has begun, and the next file would run beside it.
afterAll(endStarts);
