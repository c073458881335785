import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const folder = resolve(__dirname, '../../.github/workflows');
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');

/** Jobs by name: what stands in the file below each. */
function jobsOf(file: string): Map<string, string> {
	const [, jobs = ''] = textOf(file).split(/^jobs:\n/m);
	const parts = jobs.split(/^ {2}([\w-]+):\n/m).slice(1);
	return new Map(
		parts.flatMap((name, i) => (i % 2 === 0 ? [[name, parts[i + 1] ?? ''] as const] : [])),
	);
}

const stepsOf = (job: string) =>
	[...job.matchAll(/^ {6}(?:- | {2})(?:uses|run): (.+)$/gm)].map(([, step = '']) => step);

it.each(readdirSync(folder))('%s pins each action to a commit, and names its release', (file) => {
	const actions = [...textOf(file).matchAll(/uses: *(.+)$/gm)].map(([, action]) => action);
	expect(actions.length).toBeGreaterThan(0);
	for (const action of actions) {
		expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
	}
});

describe('a release', () => {
	const jobs = jobsOf('release.yml');
	const publishing = [...jobs].filter(([, job]) => job.includes('id-token'));

	it('gives the token that can publish to one job only, in an environment', () => {
		expect(publishing.map(([name]) => name)).toEqual(['publish']);
		expect(textOf('release.yml').match(/id-token: write/g)).toHaveLength(1);
		expect(jobs.get('publish')).toMatch(/^ {4}environment: npm$/m);
		expect(jobs.get('publish')).toMatch(/^ {4}needs: pack$/m);
	});

	it('runs nothing in that job but the upload of what another job has tested', () => {
		const steps = stepsOf(jobs.get('publish') ?? '').map((step) => step.replace(/@.*/, ''));
		expect(steps).toEqual([
			'actions/setup-node',
			'actions/download-artifact',
			'npm publish ./*.tgz --ignore-scripts --provenance --access public',
		]);
		const tested = stepsOf(jobs.get('pack') ?? '');
		for (const step of ['npm ci', 'npm test', 'npm run e2e', 'npm pack --ignore-scripts']) {
			expect(tested).toContain(step);
		}
	});
});
