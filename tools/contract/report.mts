import { differsIn, type Fact, type Report, type RouteResult, type Verdict } from './results.mts';
import { parts, shortAddress } from './source';

const roles = { user: 'API key', agent: 'session', anyone: 'nothing' } as const;

/** A shorter text from the service can be a word of the report. */
const MIN_CHARACTERS = 8;

/**
 * Takes out what nobody else may see, whatever way it got in: secrets, links, and all but the ends
 * of addresses and other long hexadecimal texts.
 */
export function scrubbed(text: string, secrets: Iterable<string>): string {
	let clean = text;
	for (const secret of secrets) {
		if (secret.length >= MIN_CHARACTERS) clean = clean.replaceAll(secret, '[removed]');
	}
	return clean
		.replaceAll(/\bsk_(?:live|test)_[\w-]{1,1000}/g, '[removed]')
		.replaceAll(/\bhttps?:\/\/[^\s"')\]]{1,2000}/g, '[link]')
		.replaceAll(/0x[0-9a-fA-F]{40,}/g, (hex) => shortAddress(hex))
		.replaceAll(/\b[0-9a-fA-F]{64}\b/g, '[removed]');
}

function table(head: string[], rows: string[][]): string[] {
	const widths = head.map((title, i) =>
		Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
	);
	const line = (cells: string[]): string =>
		cells
			.map((cell, i) => cell.padEnd(widths[i] ?? 0))
			.join('  ')
			.trimEnd();
	return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

const mark: Record<Verdict, string> = {
	fits: 'fits',
	differs: 'DIFFERS',
	unknown: '?',
	unused: '-',
};

function routeRow(result: RouteResult): string[] {
	const { call, as, base, status, ms, verdicts, evidence } = result;
	const cells = parts.map((part) =>
		verdicts[part] === 'unused' ? '-' : `${mark[verdicts[part]]} (${evidence[part]})`,
	);
	return [call, roles[as], base, status === 0 ? 'none' : String(status), `${ms}`, ...cells];
}

function routeDetails({ call, as, route, findings, extras, absent, note }: RouteResult): string[] {
	const lines = findings.flatMap(({ part, text, change }) => [
		`  ${part} differs: ${text}`,
		`    change: ${change}`,
	]);
	if (extras.length > 0) lines.push(`  not known to the package: ${extras.join(', ')}`);
	if (absent.length > 0) lines.push(`  optional, and in no row: ${absent.join(', ')}`);
	if (note !== undefined) lines.push(`  ${note}`);
	return lines.length > 0 ? [`${call} (${roles[as]}, ${route})`, ...lines] : [];
}

function factRow({ call, as, subject, assumed, found, verdict }: Fact): string[] {
	return [call, roles[as], subject, assumed, found, mark[verdict]];
}

function summary(report: Report): string[] {
	const { routes, facts, unchecked, stopped, left } = report;
	const differing = routes.filter(({ findings }) => findings.length > 0).length;
	const facing = facts.filter(({ verdict }) => verdict === 'differs').length;
	const lines = [
		differsIn(report)
			? `DIFFERS: ${differing} of ${routes.length} routes, ${facing} of ${facts.length} facts.`
			: `${routes.length} routes and ${facts.length} facts were checked; none differs.`,
		`${unchecked.length} calls were not checked.`,
	];
	if (stopped.length > 0) lines.push('Could not be checked:', ...stopped.map((one) => `  ${one}`));
	if (left.length > 0) lines.push('Left there:', ...left.map((one) => `  ${one}`));
	return lines;
}

/** The report for people. */
export function asText(report: Report): string {
	const { routes, facts, unchecked, requests, seconds, deployment } = report;
	const factChanges = facts.flatMap(({ call, subject, change }) =>
		change === '' ? [] : [`${call}, ${subject}: ${change}`],
	);
	const sections: Array<[string, string[]]> = [
		[
			'Routes (in brackets: how the package knows that part)',
			table(['Call', 'With', 'Base', 'HTTP', 'ms', ...parts], routes.map(routeRow)),
		],
		['Field by field', routes.flatMap(routeDetails)],
		[
			'Facts',
			table(['Call', 'With', 'Subject', 'Assumed', 'Found', 'Verdict'], facts.map(factRow)),
		],
		['What to change for the facts that differ', factChanges],
		[
			'Shapes as they came (? = not in each row)',
			routes.map(({ call, as, shape }) => `${call} (${roles[as]}): ${JSON.stringify(shape)}`),
		],
		['Not checked', unchecked.map(({ call, as, reason }) => `${call} (${roles[as]}): ${reason}`)],
	];
	const shown = sections.flatMap(([title, lines]) =>
		lines.length > 0 ? ['', title, ...lines] : [],
	);
	return [
		`Contract of Ampersend, ${deployment}: ${report.package}, ${requests} requests, ${seconds} s`,
		...shown,
		'',
		...summary(report),
		'',
	].join('\n');
}

export function asJson(report: Report): string {
	const result = differsIn(report) ? 'differs' : report.stopped.length > 0 ? 'incomplete' : 'fits';
	return `${JSON.stringify({ result, ...report }, null, '  ')}\n`;
}
