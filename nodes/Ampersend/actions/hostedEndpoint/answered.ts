import { errorFor } from '../../api/errors';
import { quote } from '../../domain/parameter';
import type { HostedEndpoint, HostedEndpointInput } from '../../schemas/hostedEndpoint';

type Sent = Pick<HostedEndpointInput, 'name' | 'price_usd'> &
	Partial<Pick<HostedEndpointInput, 'proxy_url'>>;

function differenceOf(sent: Sent[], created: HostedEndpoint[]): string | undefined {
	if (created.length !== sent.length) {
		return `${sent.length} hosted endpoints were sent, and ${created.length} came back`;
	}
	const others = [...created];
	/** Whether one of those that aren't taken yet fits; it's taken then. */
	const take = (fits: (endpoint: HostedEndpoint) => boolean): boolean => {
		const index = others.findIndex(fits);
		return index >= 0 && others.splice(index, 1).length > 0;
	};
	// Other amounts are other numbers: a price that is sent has at most 15 digits.
	const isPriced = (one: Sent, { price_usd }: HostedEndpoint): boolean =>
		Number(price_usd) === one.price_usd;
	const names = new Set(sent.map(({ name }) => name));
	const urls = new Set(sent.map(({ proxy_url }) => proxy_url));
	/** Of another name: priced alike, and for the same API if it's one of those that were sent. */
	const isOne = (one: Sent, other: HostedEndpoint): boolean =>
		isPriced(one, other) && (!urls.has(other.proxy_url) || other.proxy_url === one.proxy_url);
	const wrong = sent
		.filter((one) => !take((other) => other.name === one.name && isPriced(one, other)))
		// The service may spell a name in its own way.
		.find((one) => !take((other) => !names.has(other.name) && isOne(one, other)));
	if (!wrong) return undefined;
	const other = created.find(({ name }) => name === wrong.name);
	return (
		`${quote(wrong.name)} was sent with a price of ${wrong.price_usd} USDC` +
		(other ? `, and came back with ${other.price_usd}` : ', and did not come back with it')
	);
}

/**
 * Checks that as many endpoints came back as were sent, with their prices.
 * @throws CallError that names the first difference
 */
export function rejectOtherEndpoints(sent: Sent[], created: HostedEndpoint[]): void {
	const difference = differenceOf(sent, created);
	if (difference !== undefined) {
		throw errorFor('otherEndpoints', { difference }, undefined, { isMade: true });
	}
}
