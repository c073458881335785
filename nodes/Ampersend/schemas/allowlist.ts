import { address, list } from './common';

/** Source: SDK, client.ts: authorized sellers are a bare list of addresses. */
export const allowlist = list(address, 'authorized_sellers', 'sellers');
