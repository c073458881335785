import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerAuthentication, type SMTPServerOptions } from 'smtp-server';

const USER = 'n8n';

/** A mail server on this machine that keeps what it gets. */
export class Mailbox {
	readonly emails: Email[] = [];

	/** Called for each email. */
	onEmail: (email: Email) => void = () => {};

	private readonly password = randomBytes(12).toString('hex');

	private readonly server = new SMTPServer({
		// Without a certificate that n8n trusts.
		disabledCommands: ['STARTTLS'],
		allowInsecureAuth: true,
		onAuth: ((given: SMTPServerAuthentication, _session, callback) => {
			const isRight = given.username === USER && given.password === this.password;
			callback(isRight ? null : new Error('Wrong password'), { user: USER });
		}) satisfies SMTPServerOptions['onAuth'],
		onData: ((stream, _session, callback) => {
			this.receive(stream).then(() => callback(), callback);
		}) satisfies SMTPServerOptions['onData'],
	});

	static async start(): Promise<Mailbox> {
		const mailbox = new Mailbox();
		await new Promise<void>((resolve, reject) => {
			mailbox.server.on('error', reject);
			mailbox.server.listen(0, '127.0.0.1', resolve);
		});
		return mailbox;
	}

	/** For n8n's SMTP credential. */
	get credential(): Record<string, unknown> {
		const { port } = this.server.server.address() as AddressInfo;
		return {
			user: USER,
			password: this.password,
			host: '127.0.0.1',
			port,
			secure: false,
			disableStartTls: true,
			hostName: '',
		};
	}

	async stop(): Promise<void> {
		await new Promise<void>((resolve) => this.server.close(resolve));
	}

	private async receive(stream: AsyncIterable<Buffer>): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of stream) chunks.push(chunk);
		const email = await PostalMime.parse(Buffer.concat(chunks));
		this.emails.push(email);
		this.onEmail(email);
	}
}
