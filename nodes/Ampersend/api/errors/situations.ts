import type { Failure } from 'n8n-workflow';

import type { Part } from '../routes';

/** What can go wrong with a call. Names in braces stand for facts of the call (`errorFor.ts`). */
export interface Situation {
	/** What happened. */
	message: string;
	/** What became of the change, if the call is a write. */
	ifWrite?: string;
	/** What the user can do. The lines are joined with a space. */
	advice: readonly string[];
	/** The part of the route that isn't as this node knows it: `{guess}` says how it knows it. */
	part?: Part;
	/** For n8n's scheduler. */
	cause?: Failure['cause'];
	/** Which requests can be sent again without doing anything twice: none if absent. */
	repeat?: 'always' | 'reads';
}

const NOTHING_FOUND = 'Ampersend found nothing when asked to {does} (HTTP {status}){said}';
const REJECTED = 'Ampersend rejected the request to {does} (HTTP {status}){said}';
const MAY_BE_MADE = 'The change may have been made, so it was not sent again. {check}';
const ACCEPTED = 'The change was accepted. {check}';
const NOT_SENT = 'Nothing was sent.';
const NOT_MADE = 'The change was not made.';

/** What a write is told of if it certainly has changed nothing. */
export const changesNothing: ReadonlySet<string | undefined> = new Set([
	undefined,
	NOT_SENT,
	NOT_MADE,
]);

/** For an answer that Ampersend doesn't give: its own are JSON. */
export const MAYBE_ELSEWHERE =
	"The answer isn't JSON, so a proxy or a firewall may have answered instead of Ampersend.";

const REPORT = 'If you have the newest version, report this message as an issue.';
const UPDATE_OR_REPORT = `Update n8n-nodes-ampersend. ${REPORT}`;
const PAGES = "Ampersend doesn't document how it divides a list into pages: this node assumes it.";

/** Every text about a call, one row a situation. */
export const situations = {
	otherBase: {
		message: 'Ampersend answers at another Base URL: {better}',
		ifWrite: NOT_MADE,
		advice: [
			'Set this Base URL in the credential.',
			'{betterNote}',
			'At {baseUrl}, it could not {does} (HTTP {status}).',
		],
		cause: 'configuration-invalid',
	},
	otherBaseForRead: {
		message: 'Ampersend could not {does} (HTTP {status}): this request is at {better}',
		advice: [
			'Other requests are answered at {baseUrl}.',
			'If all that you use is at {better}, set this Base URL in the credential,',
			'and test it there. Otherwise, report this message as an issue.',
		],
		cause: 'configuration-invalid',
	},
	redirect: {
		message: 'Ampersend could not {does}: a redirect (HTTP {status}) is not followed.',
		ifWrite: NOT_MADE,
		advice: ['The credential goes only to the host in the Base URL.', '{base}'],
		cause: 'configuration-invalid',
	},
	redirectAfter: {
		message: 'Ampersend could not {does}: a redirect (HTTP {status}) is not followed.',
		ifWrite: MAY_BE_MADE,
		advice: ['The credential goes only to the host in the Base URL.', '{base}'],
		cause: 'configuration-invalid',
	},
	notModified: {
		message: 'Ampersend could not {does}: nothing has changed, says the answer (HTTP {status}).',
		ifWrite: MAY_BE_MADE,
		advice: [
			'It has no content, and this node keeps none from before.',
			'A proxy between n8n and Ampersend may keep answers: ask whoever runs it.',
			'{base}',
		],
		cause: 'temporarily-unavailable',
		repeat: 'reads',
	},
	keyRejected: {
		message: 'Ampersend rejected the API key (HTTP {status}){said}',
		advice: [
			'The key is revoked or mistyped. Copy it again into the credential,',
			'or create a new one at {dashboard}, under API Keys in the user menu.',
		],
		cause: 'credential-invalid',
	},
	logInRejected: {
		message: 'Ampersend rejected the agent key (HTTP {status}){said}',
		advice: [
			'The key was removed from the agent, or it belongs to another agent.',
			'Check Agent Address, Agent Key and Environment in the credential.',
		],
		cause: 'credential-invalid',
	},
	notAllowed: {
		message: "The API key isn't allowed to {does} (HTTP {status}){said}",
		ifWrite: NOT_MADE,
		advice: [
			"The agent belongs to another account, or the key doesn't have this permission.",
			'Choose one of your own agents, or use a key of the account that owns the agent.',
		],
		cause: 'configuration-invalid',
	},
	agentNotAllowed: {
		message: "The agent isn't allowed to {does} (HTTP {status}){said}",
		ifWrite: NOT_MADE,
		advice: ['Its owner can do this with an API key.'],
		cause: 'configuration-invalid',
	},
	notOpen: {
		message: REJECTED,
		ifWrite: NOT_MADE,
		advice: [
			'This request needs no credential, as far as this node knows.',
			'A firewall may have rejected it, or Ampersend no longer answers it for everyone.',
			'{base}',
			'{guess}',
		],
		part: 'request',
		cause: 'configuration-invalid',
	},
	unknownPath: {
		message: NOTHING_FOUND,
		ifWrite: NOT_MADE,
		advice: ['{base}', '{guess}', '{ways}'],
		part: 'path',
		cause: 'configuration-invalid',
	},
	unknownId: {
		message: NOTHING_FOUND,
		ifWrite: NOT_MADE,
		advice: [
			'Check the ID, token or name. It may be removed or expired, or belong to another agent.',
			'{base}',
			'{guess}',
		],
		part: 'path',
		cause: 'configuration-invalid',
	},
	unknownAddress: {
		message: NOTHING_FOUND,
		ifWrite: NOT_MADE,
		advice: ["Check the address: it may not be in this API key's account.", '{base}'],
		cause: 'configuration-invalid',
	},
	unknownAddressOrRoute: {
		message: NOTHING_FOUND,
		ifWrite: NOT_MADE,
		advice: [
			"Check the address first. It may not be in this API key's account.",
			'If it is, Ampersend may not offer this route.',
			'{guess}',
			'{ways}',
			'{base}',
		],
		part: 'path',
		cause: 'configuration-invalid',
	},
	otherMethod: {
		message: "Ampersend doesn't take {method} when asked to {does} (HTTP {status}){said}",
		ifWrite: NOT_MADE,
		advice: ['{allowed}', '{guess}', '{ways}', '{base}', UPDATE_OR_REPORT],
		part: 'method',
		cause: 'node-defect',
	},
	otherRequest: {
		message: REJECTED,
		ifWrite: NOT_MADE,
		advice: [
			"It names a field that this node doesn't send.",
			'{guess}',
			'{ways}',
			UPDATE_OR_REPORT,
		],
		part: 'request',
		cause: 'node-defect',
	},
	noRoutesOfAgent: {
		message:
			'Ampersend was asked to {does}, and offers neither that nor the allowlist of an agent ' +
			'at this Base URL (HTTP {status}).',
		advice: [
			"So this node can't tell whether the agent has any, and it changes nothing.",
			'{ways}',
			'{base}',
		],
		cause: 'configuration-invalid',
	},
	unknownAgent: {
		message: 'Agent: no agent {address} is visible to this API key.',
		advice: ['Choose one from the list, or use an API key of the account that owns it.'],
		cause: 'configuration-invalid',
	},
	unknownKey: {
		message: 'Agent Key: the agent has no key {address}.',
		advice: ['Choose one from the list.'],
		cause: 'configuration-invalid',
	},
	keyExists: {
		message: 'Agent Key Address: this agent already has this key.',
		advice: ['Enter another address, or set If the Key Exists to Return Existing.'],
		cause: 'configuration-invalid',
	},
	invalidValue: {
		message: '{words}',
		advice: ['Correct this value: Ampersend rejected the request to {does} (HTTP {status}).'],
		cause: 'configuration-invalid',
	},
	conflict: {
		message: REJECTED,
		ifWrite: NOT_MADE,
		advice: ['The entry already exists, or someone else changed it. Read the current state first.'],
		cause: 'configuration-invalid',
	},
	rejected: {
		message: REJECTED,
		ifWrite: NOT_MADE,
		advice: ['Correct the value that is named. If none is named, check every field.'],
		cause: 'configuration-invalid',
	},
	proxyLogIn: {
		message: 'A proxy between n8n and Ampersend asks for a login (HTTP {status}).',
		ifWrite: NOT_MADE,
		advice: [
			"Check user name and password in n8n's proxy settings (HTTPS_PROXY, HTTP_PROXY),",
			'or ask whoever runs the proxy to let n8n through to {host}.',
			'Nothing is wrong with the credential of this node.',
		],
		cause: 'configuration-invalid',
	},
	rejectedElsewhere: {
		message: 'Ampersend could not {does}: {host} answered with HTTP {status}, and not in JSON.',
		ifWrite: NOT_MADE,
		advice: [MAYBE_ELSEWHERE, 'Ask whoever runs your network or n8n.', '{base}'],
		cause: 'configuration-invalid',
	},
	tooManyRequests: {
		message: 'Ampersend is receiving too many requests (HTTP {status}).',
		ifWrite: NOT_MADE,
		advice: ['Run it again {when}, or process fewer items at once.'],
		cause: 'rate-limited',
		// A request that is rejected for its rate has not been carried out.
		repeat: 'always',
	},
	heldBack: {
		message: 'Ampersend is receiving too many requests, and asked to wait.',
		ifWrite: NOT_MADE,
		advice: ['Nothing was sent. Run it again {when}.'],
		cause: 'rate-limited',
		repeat: 'always',
	},
	unavailable: {
		message: 'Ampersend could not {does} (HTTP {status}){said}',
		ifWrite: MAY_BE_MADE,
		advice: ['If this keeps happening, contact Ampersend support.'],
		cause: 'temporarily-unavailable',
		repeat: 'reads',
	},
	notJson: {
		message: 'Ampersend could not {does}: {host} answered with {found}.',
		ifWrite: MAY_BE_MADE,
		advice: ['{base}'],
		cause: 'configuration-invalid',
	},
	notDone: {
		message:
			"Ampersend accepted the request to {does}, and doesn't say that it's done (HTTP {status}).",
		ifWrite: 'The change may be made later, so it was not sent again. {check}',
		advice: [UPDATE_OR_REPORT],
		cause: 'temporarily-unavailable',
	},
	errorInside: {
		message: 'Ampersend was asked to {does}, and reports an error (HTTP {status}){said}',
		ifWrite: MAY_BE_MADE,
		advice: ['If this keeps happening, contact Ampersend support.'],
		cause: 'temporarily-unavailable',
	},
	drift: {
		message: 'Ampersend was asked to {does}, and its answer is not as expected: {places}.',
		ifWrite: ACCEPTED,
		advice: ['{guess}', '{ways}', UPDATE_OR_REPORT],
		part: 'answer',
		cause: 'node-defect',
	},
	otherOne: {
		message:
			'Ampersend was asked to {does}, and its answer belongs to {whose}: {place} is {other}.',
		ifWrite: 'The change was accepted, but it is unclear for which one. {check}',
		advice: ["The answer isn't used. Report this message to Ampersend support."],
		cause: 'node-defect',
	},
	notShown: {
		message: 'Ampersend was asked to {does} after the change, and the change is not there.',
		advice: ['It may show up a little later.'],
		cause: 'temporarily-unavailable',
	},
	otherEndpoints: {
		message: "Ampersend's answer isn't what was sent: {difference}.",
		advice: [
			'The change was accepted, so it was not sent again.',
			'Look at the prices with Hosted Endpoint: Get Many,',
			'and correct what is wrong before you run this again.',
		],
		cause: 'node-defect',
	},
	pages: {
		message: "Ampersend {observation} when asked to {asked}, so the list can't be read completely.",
		advice: [PAGES, UPDATE_OR_REPORT],
		cause: 'node-defect',
	},
	pagesForNow: {
		message: "Ampersend {observation} when asked to {asked}, so the list can't be read completely.",
		advice: [
			PAGES,
			"Run it again later. If that doesn't help, update n8n-nodes-ampersend.",
			REPORT,
		],
		cause: 'temporarily-unavailable',
	},
	cancelled: {
		// n8n recognizes a canceled execution by this spelling in the message.
		message: 'The request to {does} was stopped because the execution was canceled.',
		ifWrite: MAY_BE_MADE,
		advice: ['No further request is sent.'],
	},
	unknownHost: {
		message: 'Ampersend could not be reached at {host} (the host name is unknown).',
		ifWrite: NOT_SENT,
		advice: ['Check the Base URL in the credential, and the DNS that n8n uses.'],
		cause: 'temporarily-unavailable',
		repeat: 'reads',
	},
	noConnection: {
		message: 'Ampersend could not be reached at {host} (no connection).',
		ifWrite: NOT_SENT,
		advice: ['Check the Base URL in the credential, and your proxy and firewall.'],
		cause: 'temporarily-unavailable',
		repeat: 'reads',
	},
	notSecure: {
		message: 'n8n could not set up a secure connection to {host} ({reason}).',
		ifWrite: NOT_SENT,
		advice: [
			'Check that the host offers https,',
			'and that n8n trusts its certificate (NODE_EXTRA_CA_CERTS).',
		],
		cause: 'configuration-invalid',
	},
	timedOut: {
		message: 'Ampersend did not {does} within {limit}.',
		ifWrite: MAY_BE_MADE,
		advice: ['Run it again later, and check that n8n can reach this host.'],
		cause: 'temporarily-unavailable',
		repeat: 'reads',
	},
	connectionEnded: {
		message: 'The connection to {host} ended while waiting for Ampersend to {does} ({reason}).',
		ifWrite: MAY_BE_MADE,
		advice: ['Run it again later, and check that n8n can reach this host.'],
		cause: 'temporarily-unavailable',
		repeat: 'reads',
	},
} as const satisfies Record<string, Situation>;
