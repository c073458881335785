import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the official SDK did (`about` in the file). Its keys are made for these tests only. */
interface Case {
	name: string;
	input: {
		status: number;
		headers: Record<string, string>;
		body: string;
		agentAddress: string;
		agentKey: string;
		nowSeconds: number;
		randomNonce: string;
	};
	authorize: { requestBody?: string; responseStatus: number; response?: unknown };
	/** What the checks of this package have to say. */
	carefulClient: { signs?: true; refuses?: string };
}

export interface Vector extends Case {
	authorize: { requestBody: string; responseStatus: number; response: unknown };
	output: {
		headerName: string;
		headerValue: string;
		payloadText: string;
		digest: string;
		agentSignature: string;
		signature: string;
		events: Array<{ payment: { protocol: string; data: object } }>;
	};
}

export const { vectors, sdkBehaviour } = JSON.parse(
	readFileSync(join(__dirname, 'vectors.json'), 'utf8'),
) as { vectors: Vector[]; sdkBehaviour: Case[] };
