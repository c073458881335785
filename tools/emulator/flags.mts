import { parseArgs } from 'node:util';
import { deployments, type DeploymentName } from './deployments.mts';

export interface Flags {
	help: boolean;
	/** 0 means any free port. */
	port: number;
	everyMs: number;
	deployment: DeploymentName;
}

export const usage = `Starts a local Ampersend API with a few agents and a slow stream of payments.

  --port <number>            port on 127.0.0.1; a free one when not given
  --every <seconds>          time between payments, 15 when not given; 0 for none
  --deployment <name>        sandbox (when not given) or production
  --help                     this text`;

const isDeployment = (name: string): name is DeploymentName => Object.hasOwn(deployments, name);

// The longest time that setInterval accepts: 2^31 - 1 ms.
const MAX_SECONDS = 2_147_483;

/** Throws an error that says which flag is invalid and what it accepts. */
export function readFlags(args: string[]): Flags {
	const { values } = parseArgs({
		args,
		options: {
			help: { type: 'boolean', default: false },
			port: { type: 'string', default: '0' },
			every: { type: 'string', default: '15' },
			deployment: { type: 'string', default: 'sandbox' },
		},
	});
	const { help, port, every, deployment } = values;
	if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
		throw new Error(`--port takes a number from 0 to 65535, not "${port}"`);
	}
	if (!/^\d+(\.\d+)?$/.test(every) || Number(every) > MAX_SECONDS) {
		throw new Error(
			`--every takes seconds from 0 to ${MAX_SECONDS}, such as 15 or 0.5, not "${every}"`,
		);
	}
	if (!isDeployment(deployment)) {
		throw new Error(
			`--deployment takes ${Object.keys(deployments).join(' or ')}, not "${deployment}"`,
		);
	}
	return { help, port: Number(port), everyMs: Math.round(Number(every) * 1000), deployment };
}
