import type { Running } from './n8n.mts';

/** The file of test/e2e that also runs in another's n8n. */
export const RUNS = 'running.test.mts';

const SERVICES = 'sends its n8n through a proxy that stands for Slack, Google or Ampersend';
const RESTARTS = 'kills or restarts n8n';
const QUEUE = 'starts n8n in queue mode';
const STORED = "looks into n8n's files and log, too";
const SELLERS = 'pays sellers through the proxy of its n8n';
const ALONE = 'needs no n8n';

/** Why the other files don't: each needs an n8n of its own. */
export const leftOut: Record<string, string> = {
	'credential.test.mts': SERVICES,
	'editor.test.mts': 'counts on an n8n with nothing in it, in a browser',
	'examples.test.mts': SERVICES,
	'examplesLayout.test.mts': ALONE,
	'killsDefault.test.mts': RESTARTS,
	'killsDurable.test.mts': RESTARTS,
	'killsRepeat.test.mts': RESTARTS,
	'paying.test.mts': SELLERS,
	'payingExamples.test.mts': SELLERS,
	'payingKills.test.mts': RESTARTS,
	'payments.test.mts': SERVICES,
	'queueExport.test.mts': QUEUE,
	'queueHangingDatabase.test.mts': QUEUE,
	'queueKilledWorker.test.mts': QUEUE,
	'queueKills.test.mts': QUEUE,
	'queueStaticData.test.mts': QUEUE,
	'queueTwoMains.test.mts': QUEUE,
	'rotation.test.mts': STORED,
	'sellers.test.mts': ALONE,
	'session.test.mts': SERVICES,
	'tool.test.mts': SERVICES,
};

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
			'With AMPERSEND_N8N_URL, set AMPERSEND_N8N_EMAIL and AMPERSEND_N8N_PASSWORD to the login of ' +
				"n8n's owner.",
		);
	return {
		url: given.replace(/\/+$/, ''),
		login: { email: AMPERSEND_N8N_EMAIL, password: AMPERSEND_N8N_PASSWORD },
	};
}

/** One line for each file that doesn't run in another's n8n. */
export function leftOutLines(): string[] {
	return Object.entries(leftOut).map(([file, reason]) => `left out  ${file}: it ${reason}`);
}
