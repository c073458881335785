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
		const { channel, text } = JSON.parse(body) as Partial<SlackMessage>;
		if (!channel) return json({ ok: false, error: 'channel_not_found' });
		if (!text) return json({ ok: false, error: 'no_text' });
		this.messages.push({ channel, text });
		this.onMessage({ channel, text });
		return json({
			ok: true,
			channel: 'C0000000001',
			ts: `${(Date.now() / 1000).toFixed(6)}`,
			message: { type: 'message', bot_id: 'B0000000001', text },
		});
	}
}

/** One spreadsheet with one sheet, and the token endpoint of a service account. */
export class GoogleSheets {
	readonly email = 'robot@project.example.com';

	readonly sheet = 'Payments';

	/** Rows below the header. */
	readonly rows: string[][] = [];

	/** Called for each row. */
	onRow: (row: string[]) => void = () => {};

	private readonly keys = generateKeyPairSync('rsa', {
		modulusLength: 2048,
		publicKeyEncoding: { type: 'spki', format: 'pem' },
		privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
	});

	private readonly accessToken = `ya29.${randomBytes(24).toString('hex')}`;

	constructor(readonly columns: string[]) {}

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

	/** sheets.googleapis.com, as far as appending a row needs it. */
	answer({ method, path, body, authorization }: SeenRequest): Answer | undefined {
		const url = new URL(path, 'https://sheets.googleapis.com');
		const match =
			/^\/v4\/spreadsheets\/([^/:]+)(?:\/values\/([^:]+(?::\d+)?)|(:batchUpdate))?(:append)?$/.exec(
				url.pathname,
			);
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
		if (batchUpdate && method === 'POST') return json({ spreadsheetId, replies: [{}] });
		if (encodedRange === undefined) {
			const properties = {
				sheetId: 0,
				title: this.sheet,
				index: 0,
				sheetType: 'GRID',
				gridProperties: { rowCount: 1000, columnCount: 26 },
			};
			return method === 'GET' ? json({ sheets: [{ properties }] }) : undefined;
		}
		const range = decodeURIComponent(encodedRange);
		if (method === 'GET') {
			const firstRowOnly = range.endsWith('!1:1');
			return json({
				range,
				majorDimension: 'ROWS',
				values: [this.columns, ...(firstRowOnly ? [] : this.rows)],
			});
		}
		if (method !== 'PUT' && method !== 'POST') return undefined;
		const { values } = JSON.parse(body) as { values: Array<Array<string | number>> };
		for (const row of values.map((cells) => cells.map(String))) {
			this.rows.push(row);
			this.onRow(row);
		}
		return json({ spreadsheetId, updatedRange: range, updatedRows: values.length });
	}
}
