import type * as z from 'zod/v4-mini';
import { sameWords, unusedFields } from './known.mts';
import { addressNames, nameNames, routes, type Route } from './source';

/** Where a shape can have others in it. */
interface Inner {
	shape?: Record<string, z.core.$ZodType>;
	element?: z.core.$ZodType;
	innerType?: z.core.$ZodType;
	in?: z.core.$ZodType;
	out?: z.core.$ZodType;
	options?: z.core.$ZodType[];
}

/** Fields of a shape and of all that is in it. */
function fieldsIn(shape: z.core.$ZodType): string[] {
	const names: string[] = [];
	const left = [shape];
	for (let one = left.pop(); one !== undefined; one = left.pop()) {
		const {
			shape: fields = {},
			element,
			innerType,
			in: before,
			out,
			options = [],
		} = one._zod.def as Inner;
		names.push(...Object.keys(fields));
		const inner = [element, innerType, before, out].flatMap((each) => each ?? []);
		left.push(...Object.values(fields), ...inner, ...options);
	}
	return names;
}

const namesOf = ({ answer, fields = {}, path }: Route): string[] => [
	...(answer ? fieldsIn(answer) : []),
	...Object.keys(fields),
	...path.split(/[/{}]/),
];

/** Names that the package or its routes have. They tell nothing of anyone. */
export const knownNames: ReadonlySet<string> = new Set(
	[
		...Object.values<Route>(routes).flatMap(namesOf),
		...Object.values(unusedFields).flat(),
		...addressNames,
		...nameNames,
		...'items data authorized_sellers sellers limit offset page preset error'.split(' '),
	].filter((name) => name !== ''),
);

/** The words of a name, in lower case. */
export const wordsIn = (name: string): string[] =>
	(name.match(/[A-Z]?[a-z]+|[A-Z]+|\d+/g) ?? []).map((word) => word.toLowerCase());

const listed = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/**
 * Words of which APIs make names of fields and values. None is a usual first name or a town, such
 * as `mark`, `bill`, `grant`, `reading` or `mobile`.
 */
export const fieldWords: ReadonlySet<string> = new Set([
	...[...knownNames].flatMap(wordsIn),
	...sameWords.flat(),
	...listed(`
		accepted access account action activated active activity actor added address admin after
		agent aggregate alias all allowance allowed allowlist amount api app applied approval
		approve approved approver archived asset at attempt attribute audit auth authorization
		authorized auto available avatar average balance base batch before begin beneficiary block
		blocked body bookmark bucket budget buyer by cached callback canceled cancelled cap capacity
		category chain change changed channel charge charged checked checksum claim client closed
		code collect color comment company completed condition config configuration confirmation
		confirmed connection contact content context continuation contract cost count counter
		counterparty country created creator credential credit currency current cursor custom
		customer daily data date day deadline debit decimal default delay deleted delivered denied
		deploy deployed deploying deployment deposit description detail details device digest
		direction disabled disclosure discount display document domain done due duration earn edge
		editor effective elapsed element email enabled encoded end endpoint entity entry environment
		error estimated event exact execution expired expires expiry explorer external facilitator
		factory failed failure feature fee field file filter final finality first flag flags flow
		format fraction free frequency from frozen full funding funds gas global granted group guard
		handle has hash head header health height hidden history hold hook hour hourly icon id
		identifier identity image in inactive included index info initial input instruction
		integration interval invoice is issued issuer item json key kind label language last latency
		latest ledger left level limit line link list listed listing locale location locked log logo
		lower manager manifest map markdown maximum member memo merchant message meta metadata
		method micro minimum minute minutes missing mode model modified month monthly more multi
		multiplier name native network new next no node nonce not note notes notification number
		object of off offset on only open operation operator option options order organization
		origin original other output overdraft overview owner page paged pages pagination paging
		parameter parent part partial participant path paused payee payer payload payment payout
		pending per percent percentage period permission permissions phone pin plan platform policy
		pool position posted precision preference prefix preset previous price primary priority
		private processed product profile program project properties property protocol provider
		proxy public published purpose quantity query queue quota quote rate ratio raw read ready
		reason receipt received receiver recent recipient record recovery recurring redirect
		reference refund refunded region registered registry rejected relation released remaining
		remote removed renewal request required reserve reserved reset resolved resource response
		result results retry returned reversed reverted review reviewed revision revoked role root
		rotated route row rows rule rules sandbox saved scale schedule scheduled scheme scope score
		search second seconds secret section seller sender sent sequence series server service
		session set setting settings settled settlement share shared signature signed signer signing
		size skill slot slug smart snapshot sort source spend spent stage standard start started
		state stats status step stored string sub subject subscription success suffix summary
		support supported suspended symbol sync system tag target task tax team template tenant test
		text threshold thumbnail tier time timeout timestamp timezone title to token tokens top
		topup total trace transaction transfer transferred trial trigger truncated trust trusted
		type unit unknown unlocked until updated upload upper upto uri url usage usd usdc use used
		user utc uuid valid validated validation validator value vault vendor verified version
		visibility visible volume wallet warning webhook week weekly weight whitelist window with
		withdrawal writable write year yearly yield zone
	`),
]);

/** Words that an error can have, besides those of fields. */
export const errorWords: ReadonlySet<string> = new Set(
	listed(`
		a above again already an and another any are array as bad be been below between boolean but
		can can't cannot character characters co conflict contain contains could did digits do does
		doesn't don't duplicate each either empty equal every exceed exceeded exceeds exist existing
		exists expected fewer forbidden found gateway get greater hexadecimal if incomplete
		incorrect insufficient integer internal into invalid isn't it its large later least less log
		long longer low malformed many match most must needed needs negative never nor null one or
		out own parse permitted place please positive post put range remove required returned same
		session short shorter should since small so some such temporarily than that the their then
		there this too try unable unauthorized unavailable undefined unexpected unprocessable
		unsupported up was were when where which while who without wrong you your zero
	`),
);

/** Words that an error can have with a capital; any other one can be a person's name. */
export const capitals: ReadonlySet<string> = new Set(
	listed(`
		a access account address agent agents allowed an and api authorization bad body cannot code
		conflict denied detail does error exceeded expected expired failed field for forbidden found
		gateway id in internal invalid is key limit malformed method missing must name no not of
		permission permitted query rate received request required server service session string the
		timeout to token too unauthorized unavailable unexpected unknown unprocessable unsupported
		validation value was you your
	`),
);
