import * as z from 'zod/v4-mini';

import { address } from './common';

/** Source: SDK, client.ts: authorized sellers are a bare list of addresses. */
export const allowlist = z.array(address);
