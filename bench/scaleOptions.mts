import { parseArgs } from 'node:util';

export const SCALE_USAGE = `npm run bench -- --scale                       in one process
npm run bench -- --scale --points 10x10,100x100  triggers x agents
npm run bench -- --scale --minutes 2             minutes that are measured (2)
npm run bench -- --scale --chosen                the agents are chosen: no look-up
npm run bench -- --scale --payments 12           payments a minute (2)
npm run bench -- --scale --keys 10               API keys, in turns (1)
npm run bench -- --scale --limit 600 [--fixed]   requests a minute and key, in any 60 s
                                                 or with --fixed in a minute of the clock
npm run bench -- --scale --latency 50            of the service, in ms (50)
npm run bench -- --scale --http                  without TLS
npm run bench -- --scale --n8n [--mains 2]       in a real n8n in queue mode
                                                 [--env NAME=VALUE …]: further settings of it
npm run bench -- --scale --isolates              what n8n's expression engine costs a poll`;

function whole(name: string, text: string): number {
	if (/^\d{1,7}$/.test(text)) return Number(text);
	throw new Error(`--${name} takes whole numbers, not "${text}".\n\n${SCALE_USAGE}`);
}

export interface Point {
	triggers: number;
	agents: number;
}

function readPoints(text: string): Point[] {
	return text.split(',').map((point) => {
		const [triggers = '', agents = ''] = point.split('x');
		return { triggers: whole('points', triggers), agents: whole('points', agents) };
	});
}

export function readScaleOptions(args: string[]) {
	const { values } = parseArgs({
		args,
		options: {
			scale: { type: 'boolean' },
			points: { type: 'string', default: '10x10,100x10,100x100,1000x10,1000x100' },
			minutes: { type: 'string', default: '2' },
			payments: { type: 'string', default: '2' },
			keys: { type: 'string', default: '1' },
			limit: { type: 'string', default: '0' },
			latency: { type: 'string', default: '50' },
			fixed: { type: 'boolean', default: false },
			chosen: { type: 'boolean', default: false },
			http: { type: 'boolean', default: false },
			n8n: { type: 'boolean', default: false },
			isolates: { type: 'boolean', default: false },
			mains: { type: 'string', default: '1' },
			env: { type: 'string', multiple: true, default: [] },
		},
	});
	return {
		points: readPoints(values.points),
		minutes: whole('minutes', values.minutes),
		payments: whole('payments', values.payments),
		keys: whole('keys', values.keys),
		limit: whole('limit', values.limit),
		latency: whole('latency', values.latency),
		isFixed: values.fixed,
		isChosen: values.chosen,
		isPlain: values.http,
		isReal: values.n8n,
		isOfIsolates: values.isolates,
		mains: whole('mains', values.mains),
		env: Object.fromEntries(values.env.map((one) => one.split('=', 2) as [string, string])),
	};
}
