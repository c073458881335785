import { createVerify, generateKeyPairSync, randomBytes } from 'node:crypto';

/** A request as the proxy saw it. */
export interface SeenRequest {
	host: string;
	method: string;
	/** Path and query. */
	path: string;
	body: string;
	/** The whole header; the proxy doesn't record it. */
	authorization: string | undefined;
}

export interface Answer {
	statusCode: number;
	headers?: Record<string, string>;
	body?: string;
}

export interface SlackMessage {
	channel: string;
	text: string;
	/** The links of its buttons, by their labels. */
	buttons: Record<string, string>;
}

/** The part of a message's blocks that is read here. */
interface SlackBlock {
	text?: { text: string };
	elements?: Array<{ text: { text: string }; url?: string }>;
}

/** The text and the buttons of a message that consists of blocks. */
function readBlocks(blocks: SlackBlock[]): Pick<SlackMessage, 'text' | 'buttons'> {
	const texts = blocks.map(({ text }) => text?.text.trim() ?? '');
	const buttons = blocks.flatMap(({ elements = [] }) =>
		elements.map(({ text, url = '' }) => [text.text, url]),
	);
	return { text: texts.filter(Boolean).join('\n'), buttons: Object.fromEntries(buttons) };
}

const json = (value: unknown, statusCode = 200): Answer => ({
	statusCode,
	headers: { 'content-type': 'application/json; charset=utf-8' },
	body: JSON.stringify(value),
});

/**
 * The one method of Slack's Web API that posts a message. @see
 * https://docs.slack.dev/reference/methods/chat.postMessage
 */
export class Slack {
	readonly token = `xoxb-${randomBytes(18).toString('hex')}`;

	readonly messages: SlackMessage[] = [];

	/** Called for each message. */
	onMessage: (message: SlackMessage) => void = () => {};

	answer({ method, path, body, authorization }: SeenRequest): Answer | undefined {
		if (method !== 'POST' || path !== '/api/chat.postMessage') return undefined;
		if (authorization !== `Bearer ${this.token}`) return json({ ok: false, error: 'invalid_auth' });
		const sent = JSON.parse(body) as { channel?: string; text?: string; blocks?: SlackBlock[] };
		const { channel, blocks = [] } = sent;
		const { text, buttons } = readBlocks([{ text: { text: sent.text ?? '' } }, ...blocks]);
		if (!channel) return json({ ok: false, error: 'channel_not_found' });
		if (!text) return json({ ok: false, error: 'no_text' });
		const message = { channel, text, buttons };
		this.messages.push(message);
		this.onMessage(message);
		return json({
			ok: true,
			channel: 'C0000000001',
			ts: `${(Date.now() / 1000).toFixed(6)}`,
			message: { type: 'message', bot_id: 'B0000000001', text },
		});
	}
}

export interface Sheet {
	/** The header, in row 1. */
	columns: string[];
	/** Rows below the header. */
	rows: string[][];
}

/** Path of a spreadsheet, of a range in it, or of several changes. */
const SPREADSHEET =
	/^\/v4\/spreadsheets\/([^/:]+)(?:\/values\/([^:]+(?::\d+)?)|(?:\/values)?(:batchUpdate))?$/;

type Cell = string | number;

interface RangeValues {
	range: string;
	values: Cell[][];
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The sheet's name, column and first row of a range such as `'Payments'!C3` or `Payments!5:7`. */
const RANGE = /^'?([^!']+)'?!([A-Z]?)(\d+)(?::\d+)?$/;

/** One spreadsheet, and the token endpoint of a service account. */
export class GoogleSheets {
	readonly email = 'robot@project.example.com';

	readonly sheets: Record<string, Sheet>;

	/** Called for each range that is written. */
	onWrite: (sheet: string, rows: string[][]) => void = () => {};

	private readonly keys = generateKeyPairSync('rsa', {
		modulusLength: 2048,
		publicKeyEncoding: { type: 'spki', format: 'pem' },
		privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
	});

	private readonly accessToken = `ya29.${randomBytes(24).toString('hex')}`;

	/** @param columns of each sheet, by its name */
	constructor(columns: Record<string, string[]>) {
		this.sheets = Object.fromEntries(
			Object.entries(columns).map(([name, header]) => [name, { columns: header, rows: [] }]),
		);
	}

	get privateKey(): string {
		return this.keys.privateKey;
	}

	/** `POST /token` of oauth2.googleapis.com. */
	token({ method, path, body }: SeenRequest): Answer | undefined {
		if (method !== 'POST' || path !== '/token') return undefined;
		const form = new URLSearchParams(body);
		const [header, claims, signature] = (form.get('assertion') ?? '').split('.');
		const signed =
			signature !== undefined &&
			createVerify('RSA-SHA256')
				.update(`${header}.${claims}`)
				.verify(this.keys.publicKey, signature, 'base64url');
		if (!signed)
			return json({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 400);
		return json({ access_token: this.accessToken, expires_in: 3599, token_type: 'Bearer' });
	}

	/** sheets.googleapis.com, as far as reading, adding and changing rows needs it. */
	answer({ method, path, body, authorization }: SeenRequest): Answer | undefined {
		const url = new URL(path, 'https://sheets.googleapis.com');
		const match = SPREADSHEET.exec(url.pathname);
		if (!match) return undefined;
		if (authorization !== `Bearer ${this.accessToken}`) {
			return json(
				{
					error: {
						code: 401,
						message: 'Request had invalid authentication credentials.',
						status: 'UNAUTHENTICATED',
					},
				},
				401,
			);
		}
		const [, spreadsheetId, encodedRange, batchUpdate] = match;
		if (batchUpdate && method === 'POST') {
			const { data = [] } = JSON.parse(body) as { data?: RangeValues[] };
			for (const { range, values } of data) this.write(range, values);
			return json({ spreadsheetId, replies: [{}] });
		}
		if (encodedRange === undefined) {
			const sheets = Object.keys(this.sheets).map((title, i) => ({
				properties: {
					sheetId: i,
					title,
					index: i,
					sheetType: 'GRID',
					gridProperties: { rowCount: 1000, columnCount: 26 },
				},
			}));
			return method === 'GET' ? json({ sheets }) : undefined;
		}
		const range = decodeURIComponent(encodedRange);
		if (method === 'GET') {
			const { columns, rows } = this.sheet(/^'?([^!']+)/.exec(range)?.[1]);
			const values = [columns, ...(range.endsWith('!1:1') ? [] : rows)];
			return json({ range, majorDimension: 'ROWS', values });
		}
		if (method !== 'PUT') return undefined;
		const { values } = JSON.parse(body) as { values: Cell[][] };
		this.write(range, values);
		return json({ spreadsheetId, updatedRange: range, updatedRows: values.length });
	}

	sheet(name = ''): Sheet {
		const found = this.sheets[name];
		if (found === undefined) throw new Error(`The spreadsheet has no sheet "${name}".`);
		return found;
	}

	private write(range: string, values: Cell[][]): void {
		const [, name = '', column = '', first] = RANGE.exec(range) ?? [];
		const { rows } = this.sheet(name);
		const texts = values.map((cells) => cells.map(String));
		texts.forEach((cells, i) => {
			// Row 1 is the header.
			const row = (rows[Number(first) - 2 + i] ??= []);
			cells.forEach((cell, c) => {
				row[LETTERS.indexOf(column || 'A') + c] = cell;
			});
		});
		this.onWrite(name, texts);
	}
}
