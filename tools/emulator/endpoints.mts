import { randomBytes, randomUUID } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { addressId } from './addresses.mts';
import type { EndpointInput, EndpointUpdate } from './decode.mts';
import { conflict, notDecodable, notFound } from './problems.mts';

/** Everything that the emulator knows about a hosted endpoint, secrets included. */
export interface HostedEndpoint {
	id: string;
	agentAddress: string;
	name: string;
	slug: string;
	description: string;
	priceUsd: number;
	proxyUrl: string;
	proxyTimeoutMs: number;
	allowedMethods: string[];
	/** With their values, which the API never returns. */
	proxyHeaders: Record<string, string>;
	requiredHeaderNames: string[];
	rateLimitPerMinute: number;
	instructions: { markdown: string } | null;
	enabled: boolean;
	signingSecret: string;
	createdAt: number;
	updatedAt: number;
}

/** What makes an endpoint: most of it is optional. */
export type EndpointInit = Pick<EndpointInput, 'name' | 'price_usd' | 'proxy_url'> &
	Partial<Omit<EndpointInput, 'agent_address'>>;

const privateNetworks = new BlockList();
for (const [net, prefix] of [
	['0.0.0.0', 8],
	['10.0.0.0', 8],
	['127.0.0.0', 8],
	['169.254.0.0', 16],
	['172.16.0.0', 12],
	['192.168.0.0', 16],
] as const) {
	privateNetworks.addSubnet(net, prefix);
}

function rejectPrivate(proxyUrl: string): void {
	const host = URL.canParse(proxyUrl) ? new URL(proxyUrl).hostname : '';
	const isBad = host === '' || host === 'localhost' || host.startsWith('[');
	if (!isBad && !(isIP(host) === 4 && privateNetworks.check(host))) return;
	throw notDecodable('body', [{ path: ['proxy_url'], message: 'Must be a public http(s) URL' }]);
}

const slugOf = (name: string): string =>
	name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.replace(/^-|-$/g, '');

const newSecret = (): string => `whsec_${randomBytes(24).toString('base64url')}`;

/** What agents sell. */
export class HostedEndpoints {
	readonly #byId = new Map<string, HostedEndpoint>();

	constructor(private readonly clock: () => number) {}

	of(agent: string): HostedEndpoint[] {
		return [...this.#byId.values()].filter(
			({ agentAddress }) => addressId(agentAddress) === addressId(agent),
		);
	}

	/** @throws Problem 404 */
	get(agent: string, id: string): HostedEndpoint {
		const endpoint = this.#byId.get(id);
		if (endpoint && addressId(endpoint.agentAddress) === addressId(agent)) return endpoint;
		throw notFound('Hosted endpoint not found');
	}

	/** All or none. @throws Problem */
	create(agent: string, inputs: EndpointInput[]): HostedEndpoint[] {
		const taken = new Set(this.of(agent).map(({ slug }) => slug));
		const created = inputs.map((input) => {
			if (addressId(input.agent_address) !== addressId(agent)) {
				throw notDecodable('body', [
					{ path: ['agent_address'], message: 'Must be the agent of the path' },
				]);
			}
			rejectPrivate(input.proxy_url);
			const slug = slugOf(input.name);
			if (taken.has(slug)) throw conflict(`There is an endpoint "${slug}" already`);
			taken.add(slug);
			return this.#made(agent, slug, input);
		});
		for (const endpoint of created) this.#byId.set(endpoint.id, endpoint);
		return created;
	}

	/** Without the API. */
	add(agent: string, id: string, input: EndpointInit): HostedEndpoint {
		const slug = slugOf(input.name);
		const endpoint = { ...this.#made(agent, slug, input), id };
		this.#byId.set(id, endpoint);
		return endpoint;
	}

	#made(agent: string, slug: string, input: EndpointInit): HostedEndpoint {
		const now = this.clock();
		return {
			id: randomUUID(),
			agentAddress: agent,
			name: input.name,
			slug,
			description: input.description ?? '',
			priceUsd: input.price_usd,
			proxyUrl: input.proxy_url,
			proxyTimeoutMs: input.proxy_timeout_ms ?? 30_000,
			allowedMethods: input.allowed_methods ?? ['GET'],
			proxyHeaders: { ...input.proxy_headers },
			requiredHeaderNames: Object.keys(input.required_headers ?? {}),
			rateLimitPerMinute: input.rate_limit_per_minute ?? 60,
			instructions: input.instructions ?? null,
			enabled: true,
			signingSecret: newSecret(),
			createdAt: now,
			updatedAt: now,
		};
	}

	/** @throws Problem */
	update(agent: string, id: string, changes: EndpointUpdate): HostedEndpoint {
		const endpoint = this.get(agent, id);
		if (changes.proxy_url !== undefined) rejectPrivate(changes.proxy_url);
		return this.#changed(endpoint, {
			name: changes.name ?? endpoint.name,
			description: changes.description ?? endpoint.description,
			priceUsd: changes.price_usd ?? endpoint.priceUsd,
			proxyUrl: changes.proxy_url ?? endpoint.proxyUrl,
			proxyTimeoutMs: changes.proxy_timeout_ms ?? endpoint.proxyTimeoutMs,
			allowedMethods: changes.allowed_methods ?? endpoint.allowedMethods,
			rateLimitPerMinute: changes.rate_limit_per_minute ?? endpoint.rateLimitPerMinute,
			instructions:
				changes.instructions === undefined ? endpoint.instructions : changes.instructions,
			enabled: changes.enabled ?? endpoint.enabled,
		});
	}

	delete(agent: string, id: string): void {
		this.#byId.delete(this.get(agent, id).id);
	}

	rotateSecret(agent: string, id: string): string {
		const signingSecret = newSecret();
		this.#changed(this.get(agent, id), { signingSecret });
		return signingSecret;
	}

	setProxyHeader(
		agent: string,
		id: string,
		name: string,
		value: string | undefined,
	): HostedEndpoint {
		const endpoint = this.get(agent, id);
		const { [name]: before, ...others } = endpoint.proxyHeaders;
		if (value === undefined && before === undefined) throw notFound(`No proxy header "${name}"`);
		return this.#changed(endpoint, {
			proxyHeaders: value === undefined ? others : { ...others, [name]: value },
		});
	}

	setRequiredHeader(agent: string, id: string, name: string, isOn: boolean): HostedEndpoint {
		const endpoint = this.get(agent, id);
		const others = endpoint.requiredHeaderNames.filter((one) => one !== name);
		if (!isOn && others.length === endpoint.requiredHeaderNames.length) {
			throw notFound(`No required header "${name}"`);
		}
		return this.#changed(endpoint, { requiredHeaderNames: isOn ? [...others, name] : others });
	}

	#changed(endpoint: HostedEndpoint, changes: Partial<HostedEndpoint>): HostedEndpoint {
		return Object.assign(endpoint, changes, { updatedAt: this.clock() });
	}
}
