/**
 * Durable cursors; n8n's default scheduler; and the default scheduler when the trigger repeats its
 * last batch after a restart, with Remove Duplicates right after it.
 */
export type Setting = 'durable' | 'default' | 'repeat';

/** What is killed: all of n8n; in queue mode also only its main, or one of its workers. */
export type Target = 'all' | 'main' | 'worker';

/**
 * The moment at which half of the kills are aimed: after n8n got an answer with a payment; after it
 * saved the trigger's state, before it stores the execution; after it stored the execution, before
 * it gives it to a worker; after Remove Duplicates noted the event, before its execution is stored;
 * between two requests that the workflow makes.
 */
export type Aim = 'answered' | 'saved' | 'stored' | 'noted' | 'acting';

export interface LostEvent {
	eventId: string;
	/** Number of the kill in a moment in which n8n loses it; null if there was none. */
	kill: number | null;
	/**
	 * Between saved state and stored execution; between stored execution and a worker; Remove
	 * Duplicates and the end of its execution; while a worker that was killed ran its execution.
	 */
	moment: 'saved' | 'stored' | 'noted' | 'acting' | null;
	/**
	 * The executions that contain it, with their states; with `repeat`, before Remove Duplicates.
	 */
	executions: string[];
}

export interface KillReport {
	setting: Setting;
	target: Target;
	inSession: boolean;
	/** The aimed kills take turns. */
	aims: Aim[];
	seed: number;
	kills: number;
	aimedKills: number;
	/** Aimed kills that came right after what they waited for. */
	metKills: number;
	/**
	 * Kills after n8n got an answer with a payment, and before it stored an execution with it.
	 */
	cutOffs: number;
	payments: number;
	/**
	 * Expected events in a stored execution; with `repeat`, after Remove Duplicates. If only a main
	 * or a worker is killed, those that the receiver got.
	 */
	delivered: number;
	lost: LostEvent[];
	/** Ids of the lost ones that the workflow acted on when their execution was retried. */
	retried: string[];
	/** How many of the lost ones are in an execution that was cut off after the trigger. */
	cutOffExecutions: number;
	/** Ids of events that were delivered twice. */
	repeated: string[];
	/**
	 * Those of them in whose executions Remove Duplicates ran alone: where two do so at one moment,
	 * one overwrites what the other has noted.
	 */
	repeatedAlone: string[];
	/** Ids of events that the trigger emitted twice. */
	emittedTwice: string[];
	/** Ids of events that were emitted although nothing new happened to their payment. */
	unexpected: string[];
	/**
	 * From saved state to stored execution, ms, by emission; negative if the execution came first.
	 */
	moments: number[];
	/** From Remove Duplicates noting an event to the end of its execution, ms; only with `repeat`. */
	noted: number[];
}

/** Lost events, at moments in which n8n itself can't lose them. */
export function lostOutside({ lost }: KillReport): LostEvent[] {
	return lost.filter(({ kill }) => kill === null);
}

export function median(values: number[]): number {
	return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** In milliseconds, for example `12 / 30`; `-` if none was measured. */
export function medianAndLargest(moments: number[]): string {
	if (moments.length === 0) return '-';
	return `${Math.round(median(moments))} / ${Math.round(Math.max(...moments))}`;
}

/** The name of a run in its output. */
function nameOf({ setting, target, inSession, aims }: KillReport): string {
	return [
		setting,
		...(target === 'all' ? [] : [`kills of ${target === 'main' ? 'the main' : 'a worker'}`]),
		...(inSession ? ['in a session'] : []),
		...(aims.includes('noted') ? ['after Remove Duplicates'] : []),
	].join(', ');
}

const momentNames: Record<NonNullable<LostEvent['moment']>, string> = {
	saved: 'between state and execution',
	stored: 'between execution and worker',
	acting: 'while a worker ran them',
	noted: 'between Remove Duplicates and the end of its execution',
};

/** For example `3 between state and execution, 1 at another moment`; `none` if nothing was lost. */
function causes(lost: LostEvent[]): string {
	const counts = new Map<string, number>();
	for (const { moment } of lost) {
		const name = moment === null ? 'at another moment' : momentNames[moment];
		counts.set(name, (counts.get(name) ?? 0) + 1);
	}
	return [...counts].map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}

/** The report for people, line by line. */
export function describeReport(report: KillReport): string[] {
	const {
		aims,
		seed,
		kills,
		aimedKills,
		metKills,
		cutOffs,
		payments,
		delivered,
		lost,
		retried,
		cutOffExecutions,
	} = report;
	const { repeated, emittedTwice, unexpected, moments, noted } = report;
	const met = aims.every((aim) => aim === 'answered') ? '' : ` (${metKills} met their moment)`;
	const lines = [
		`seed ${seed}, ${kills} kills, ${aimedKills} of them aimed${met}, ` +
			`${cutOffs} before n8n stored the answer`,
		`${payments} payments, ${delivered} delivered, ${lost.length} lost, ` +
			`${repeated.length} acted on twice, ${emittedTwice.length} emitted twice, ` +
			`${unexpected.length} unexpected`,
		`lost: ${causes(lost)}; ${cutOffExecutions} are in an execution that was cut off; ` +
			`${retried.length} were acted on when it was retried`,
		...(moments.length > 0
			? [
					`from state to execution ${medianAndLargest(moments)} ms ` +
						`(median / largest of ${moments.length})`,
				]
			: []),
		...(noted.length > 0
			? [
					`from Remove Duplicates to the end ${medianAndLargest(noted)} ms ` +
						`(median / largest of ${noted.length})`,
				]
			: []),
		...lost.map(({ eventId, kill, executions }) =>
			[`lost ${eventId}${kill === null ? '' : ` at kill ${kill}`}`, ...executions].join('; '),
		),
		...repeated.map((eventId) => `acted on twice: ${eventId}`),
		...unexpected.map((eventId) => `unexpected ${eventId}`),
	];
	return lines.map((line) => `${nameOf(report)}: ${line}`);
}

const settingNames: Record<Setting, string> = {
	durable: 'Durable cursors',
	default: 'Default, Continue',
	repeat: 'Default, Repeat Last Batch and Remove Duplicates',
};

const aimNames: Record<Aim, string> = {
	answered: 'after an answer',
	saved: 'between state and execution',
	stored: 'between execution and worker',
	acting: 'between two requests of a workflow',
	noted: 'between Remove Duplicates and the end of its execution',
};

function table(head: string[], rows: Array<Array<string | number>>): string {
	const lines = [head, head.map(() => '---'), ...rows];
	return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** In numbers, for example `20 (5 after an answer, 5 between execution and worker)`. */
function killsOf({ kills, aimedKills, aims }: KillReport): string {
	const counts = aims.map((aim, i) => {
		const count = Math.ceil((aimedKills - i) / aims.length);
		return `${count} ${aimNames[aim]}`;
	});
	return `${kills} (${counts.join(', ')})`;
}

/** One row for each report about kills of all of n8n. */
function tableOfAll(reports: KillReport[]): string {
	const rows = reports.map((report) => [
		settingNames[report.setting] + (report.inSession ? ', in an agent session' : ''),
		report.payments,
		killsOf(report),
		report.delivered,
		report.lost.length,
		report.repeated.length,
		medianAndLargest(report.moments),
		medianAndLargest(report.noted),
	]);
	const head = ['Setting', 'Payments', 'Kills (aimed)', 'Delivered', 'Lost', 'Acted on twice'];
	const times = ['State to execution, ms', 'Remove Duplicates to end, ms'];
	return `${table([...head, ...times], rows)}\n\nms: median / largest.`;
}

/** One row for each report about kills of a main or of a worker. */
function tableOfQueueMode(reports: KillReport[]): string {
	const rows = reports.map((report) => [
		settingNames[report.setting],
		report.target === 'main' ? 'the main' : 'a worker',
		report.payments,
		killsOf(report),
		report.delivered,
		causes(report.lost),
		report.retried.length,
		report.emittedTwice.length,
		report.repeated.length,
	]);
	const head = ['Setting', 'Killed', 'Payments', 'Kills (aimed)', 'Acted on', 'Lost'];
	return table([...head, 'Of these, acted on at a retry', 'Emitted twice', 'Acted on twice'], rows);
}

/** One row for each report. */
export function markdownTable(reports: KillReport[]): string {
	const ofAll = reports.filter(({ target }) => target === 'all');
	const ofOne = reports.filter(({ target }) => target !== 'all');
	return [
		...(ofAll.length > 0 ? [tableOfAll(ofAll)] : []),
		...(ofOne.length > 0 ? [tableOfQueueMode(ofOne)] : []),
	].join('\n\n');
}

/** Which promises a run broke. */
export function broken(report: KillReport): string[] {
	const { setting, target, lost, retried, repeatedAlone, emittedTwice, unexpected } = report;
	const isDurable = setting === 'durable';
	const isKept = isDurable && target === 'main';
	const counts = {
		lost: isDurable && target === 'all' ? lost.length : lostOutside(report).length,
		// n8n has stored them, and gave them to no worker.
		'lost even after a retry': isKept ? lost.length - retried.length : 0,
		'acted on twice': repeatedAlone.length,
		// A main that starts repeats its last batch on purpose; one that continues doesn't.
		'emitted twice': setting === 'repeat' && target !== 'worker' ? 0 : emittedTwice.length,
		unexpected: unexpected.length,
	};
	return Object.entries(counts)
		.filter(([, count]) => count > 0)
		.map(([what, count]) => `${nameOf(report)}: ${count} events ${what}`);
}
