import { randomBytes } from 'node:crypto';
import type { ApprovalInput } from './decode.mts';
import { notFound } from './problems.mts';
import { MAIN_USER, type World } from './world.mts';

type Outcome = 'pending' | 'resolved' | 'rejected' | 'blocked';

/** What is asked for: only the key is required. */
export type ApprovalInit = Pick<ApprovalInput, 'session_key_address'> & Partial<ApprovalInput>;

interface Approval {
	input: ApprovalInit;
	status: Outcome;
	/** Epoch milliseconds. */
	resolvedAt?: number;
	agent?: { address: string; agent_key_address: string };
}

/** What agents ask owners for. */
export class Approvals {
	readonly #byToken = new Map<string, Approval>();

	constructor(private readonly world: World) {}

	/** @returns a token */
	request(input: ApprovalInit, token = randomBytes(24).toString('base64url')): string {
		this.#byToken.set(token, { input, status: 'pending' });
		return token;
	}

	undecided(): string[] {
		return [...this.#byToken].flatMap(([token, { status }]) => (status === 'pending' ? token : []));
	}

	/** As the API returns it. @throws Problem 404 */
	status(token: string): object {
		const { status, agent, resolvedAt } = this.#get(token);
		if (status === 'pending') return { status };
		return {
			status,
			...(agent && { agent }),
			resolved_at: new Date(resolvedAt ?? 0).toISOString(),
		};
	}

	/**
	 * What the owner decides in the dashboard.
	 * @param chosen the agent, if the owner had to choose one
	 */
	decide(token: string, status: Exclude<Outcome, 'pending'>, chosen?: string): void {
		const approval = this.#get(token);
		approval.status = status;
		approval.resolvedAt = this.world.clock();
		if (status === 'resolved') approval.agent = this.#carryOut(approval.input, chosen);
	}

	#carryOut(input: ApprovalInit, chosen?: string): Approval['agent'] {
		const { session_key_address: key, key_name: keyName = null, mode = 'create' } = input;
		const keys = [{ address: key, name: keyName }];
		if (mode === 'create') {
			const { address } = this.world.addAgent({
				name: input.name ?? undefined,
				owner: MAIN_USER,
				keys,
				spendConfig: input.spend_config ?? null,
			});
			return { address, agent_key_address: key };
		}
		const { agent } = this.world.get(input.agent_address ?? chosen ?? '');
		agent.keys.push({ address: key, name: keyName, createdAt: this.world.clock() });
		return { address: agent.address, agent_key_address: key };
	}

	#get(token: string): Approval {
		const approval = this.#byToken.get(token);
		if (!approval) throw notFound('Unknown approval token');
		return approval;
	}
}
