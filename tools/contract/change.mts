import type { Caller, Check, Input } from './check.mts';
import { isOk } from './judge.mts';
import type { RouteName } from './known.mts';
import type { Answer } from './requests.mts';

/** Never DELETE: what that would remove isn't known. */
const otherVerbs = ['PUT', 'PATCH', 'POST'];

/** Writes. Where the service doesn't know the method, it tries the others that it may be. */
export async function change(
	check: Check,
	caller: Caller,
	name: RouteName,
	input: Input,
): Promise<Answer> {
	const answer = await check.ask(caller, name, input);
	const first = check.resultOf(caller, name);
	if (!first || (answer.status !== 404 && answer.status !== 405)) return answer;
	const [own = ''] = first.call.split(' ', 1);
	if (own === 'DELETE') return answer;
	const possible = answer.allow.length > 0 ? answer.allow : otherVerbs;
	for (const method of possible) {
		if (method === own || !otherVerbs.includes(method)) continue;
		const other = await check.ask(caller, name, { ...input, method });
		if (!isOk(other)) continue;
		const text = `${method} is taken, ${own} is answered with ${answer.status}`;
		check.find(caller, name, 'method', text, `routes.ts, ${name}.method: '${method}'`);
		return other;
	}
	check.restore(first);
	return answer;
}
