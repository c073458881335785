// What both sellers have beside their x402 middleware: goods, and a port that the parent reads.
import express from 'express';

/**
 * @type {{
 *   facilitator: string,
 *   network: string,
 *   payTo: string,
 *   routes: Record<string, {price: string, resource: string}>,
 *   goods?: {url: string, headers: Record<string, string>}
 * }}
 */
export const config = JSON.parse(process.argv[2]);

export function sell(middleware) {
	const app = express();
	app.use(middleware);
	app.use(express.text({ type: () => true }));
	// A seller that can't deliver answers before anything is settled.
	app.all('/breaks', (_request, response) => response.status(500).json({ error: 'Out of order' }));
	const { goods } = config;
	if (goods) {
		app.all(/.*/, async ({ method }, response) => {
			const answer = await fetch(goods.url, { method, headers: goods.headers });
			const type = answer.headers.get('content-type') ?? 'text/plain';
			response
				.status(answer.status)
				.type(type)
				.send(await answer.text());
		});
	}
	app.all(/.*/, (request, response) => {
		response.json({ sold: request.path, method: request.method, body: request.body });
	});
	const server = app.listen(0, '127.0.0.1', () => {
		console.log(JSON.stringify({ port: server.address().port }));
	});
}
