import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from './install.mts';
import type { Running } from './n8n.mts';

/** The file of test/e2e that also runs in another's n8n. */
export const RUNS = 'running.test.mts';

/** Why the other files don't, by how their names begin: each needs an n8n of its own. */
const REASONS: ReadonlyArray<[names: RegExp, reason: string]> = [
	[/^queue/, 'starts n8n in queue mode'],
	[/^(kills|payingKills\.)/, 'kills and restarts n8n'],
	[/^paying(Examples)?\./, 'pays sellers through the proxy of its n8n'],
	[
		/^(credential|examples|payments|session|tool)\./,
		'sends its n8n through a proxy that stands for Slack, Google or Ampersend',
	],
	[/^rotation\./, "looks into n8n's files and log, too"],
	[/^editor\./, 'counts on an n8n with nothing in it, in a browser'],
	[/^(examplesLayout|sellers)\./, 'needs no n8n'],
];

/** @returns undefined if it runs */
export function reasonToLeaveOut(file: string): string | undefined {
	return REASONS.find(([names]) => names.test(file))?.[1];
}

/**
 * The n8n that the environment names.
 * @throws Error with the variable that isn't set, or isn't valid
 */
export function runningN8n(env: NodeJS.ProcessEnv = process.env): Running | undefined {
	const { AMPERSEND_N8N_URL, AMPERSEND_N8N_EMAIL, AMPERSEND_N8N_PASSWORD } = env;
	const given = AMPERSEND_N8N_URL?.trim();
	if (!given) return undefined;
	if (!/^https?:\/\/[^/]/.test(given) || !URL.canParse(given))
		throw new Error(`AMPERSEND_N8N_URL is no URL: ${given}. It looks like http://localhost:5678.`);
	if (!AMPERSEND_N8N_EMAIL || !AMPERSEND_N8N_PASSWORD)
		throw new Error(
			'With AMPERSEND_N8N_URL, set AMPERSEND_N8N_EMAIL and AMPERSEND_N8N_PASSWORD to the ' +
				"login of n8n's owner.",
		);
	return {
		url: given.replace(/\/+$/, ''),
		login: { email: AMPERSEND_N8N_EMAIL, password: AMPERSEND_N8N_PASSWORD },
	};
}

/** One line for each file that doesn't run in another's n8n. */
export function leftOutLines(): string[] {
	const files = readdirSync(join(rootDir, 'test', 'e2e')).filter((file) =>
		/\.test\.mts$/.test(file),
	);
	return files.flatMap((file) => {
		const reason = reasonToLeaveOut(file);
		return reason === undefined ? [] : [`left out  ${file}: it ${reason}`];
	});
}
