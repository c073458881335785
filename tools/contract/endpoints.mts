import { valueOf, type Caller, type Check, type Input } from './check.mts';
import { isOk } from './judge.mts';
import type { Answer } from './requests.mts';
import { isRecord, rowsIn } from './shapes.mts';
import { change } from './writes.mts';

const idOf = (row: unknown): string => {
	const id = isRecord(row) ? valueOf(row, 'id') : undefined;
	return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
};

const endpointNamed = (name: string, agent: string) => ({
	agent_address: agent,
	name,
	price_usd: 0.01,
	proxy_url: 'https://example.com/contract-check',
	allowed_methods: ['GET'],
	description: 'Made by npm run contract',
});

const header = 'X-Contract-Check';

async function changeOne(check: Check, caller: Caller, params: Input['params']): Promise<void> {
	const named = { ...params, name: header };
	await check.ask(caller, 'getHostedEndpoint', { params });
	await change(check, caller, 'updateHostedEndpoint', { params, body: { enabled: false } });
	const proxied = { name: header, value: 'contract-check' };
	await change(check, caller, 'addProxyHeader', { params, body: proxied });
	await change(check, caller, 'removeProxyHeader', { params: named });
	const required = { name: header, value: '' };
	await change(check, caller, 'addRequiredHeader', { params, body: required });
	await change(check, caller, 'removeRequiredHeader', { params: named });
	await change(check, caller, 'testHostedEndpoint', { params });
	const rotated = await change(check, caller, 'rotateSigningSecret', { params });
	for (const value of isRecord(rotated.body) ? Object.values(rotated.body) : []) {
		if (typeof value === 'string') check.secrets.add(value);
	}
}

/** Creates hosted endpoints, calls all of their routes, and deletes them. */
export async function writeEndpoints(check: Check, caller: Caller, mark: string): Promise<void> {
	const { agent: address = '' } = caller;
	const params = { address };
	const bodyFor = (name: string) => endpointNamed(`contract-check ${mark} ${name}`, address);
	const body = bodyFor('one');
	const created: Answer = await change(check, caller, 'createHostedEndpoint', { params, body });
	const first = isOk(created) ? idOf(created.body) : '';
	const bulk = { endpoints: [bodyFor('two')] };
	const more = await change(check, caller, 'createHostedEndpoints', { params, body: bulk });
	const others = isOk(more) ? (rowsIn(more.body) ?? []).map(idOf) : [];
	await check.ask(caller, 'listHostedEndpoints', { params });
	if (first !== '') await changeOne(check, caller, { ...params, id: first });
	let left = 0;
	for (const id of [first, ...others].filter((one) => one !== '')) {
		const deleted = await change(check, caller, 'deleteHostedEndpoint', {
			params: { ...params, id },
		});
		if (!isOk(deleted)) left += 1;
	}
	if (left > 0) check.left.push(`${left} hosted endpoints named contract-check`);
}
