import { rm } from 'node:fs/promises';

export default async function teardown() {
	await globalThis.queueServers?.stop();
	const folder = process.env.AMPERSEND_E2E_FOLDER;
	if (folder) await rm(folder, { recursive: true, force: true });
}
