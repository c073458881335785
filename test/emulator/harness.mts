import { afterEach, beforeEach } from '@jest/globals';
import { Agent as Connections, fetch } from 'undici';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../tools/emulator/index.mts';

export interface Got {
	status: number;
	headers: Record<string, string>;
	/** Parsed if it's JSON, undefined if it's empty, otherwise the text. */
	body: unknown;
}

export interface Ask {
	body?: unknown;
	/** Null sends none. */
	authorization?: string | null;
	headers?: Record<string, string>;
	/** Whether the path is the whole path; by default it's relative to `/v1`. */
	whole?: boolean;
}

export interface Harness {
	readonly emulator: Emulator;
	/** Sends `METHOD path`, with the emulator's own key by default. */
	ask(request: string, ask?: Ask): Promise<Got>;
	/** The error code of the broken connection. */
	askInVain(request: string, ask?: Ask): Promise<string>;
}

function parsed(text: string): unknown {
	try {
		return text === '' ? undefined : JSON.parse(text);
	} catch {
		return text;
	}
}

const codeOf = (error: unknown): string => {
	const { cause } = error as { cause?: { code?: string } };
	return cause?.code ?? String(error);
};

/** Starts an emulator for each test of a file and stops it afterwards. */
export function useEmulator(options?: EmulatorOptions): Harness {
	let emulator: Emulator | undefined;
	let connections: Connections | undefined;

	beforeEach(async () => {
		emulator = await startEmulator(options);
		connections = new Connections();
	});
	afterEach(async () => {
		await emulator?.close();
		await connections?.destroy();
	});

	const running = (): Emulator => {
		if (!emulator) throw new Error('The emulator runs inside a test only');
		return emulator;
	};

	async function ask(
		request: string,
		{ body, authorization, headers, whole = false }: Ask = {},
	): Promise<Got> {
		const { origin, baseUrl, apiKey } = running();
		const [method = '', path = ''] = request.split(' ');
		const sent = authorization === undefined ? `Bearer ${apiKey}` : authorization;
		const response = await fetch((whole ? origin : baseUrl) + path, {
			method,
			redirect: 'manual',
			dispatcher: connections,
			headers: {
				...(sent === null ? {} : { authorization: sent }),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
				...headers,
			},
			body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
		});
		const text = await response.text();
		return {
			status: response.status,
			headers: Object.fromEntries(response.headers),
			body: parsed(text),
		};
	}

	return {
		get emulator() {
			return running();
		},
		ask,
		askInVain: (request, init) =>
			ask(request, init).then(
				({ status }) => `answered ${status}`,
				(error: unknown) => codeOf(error),
			),
	};
}
