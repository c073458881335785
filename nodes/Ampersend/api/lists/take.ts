/** The first `limit` items. Stops reading once it has them. */
export async function take<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
	const taken: Item[] = [];
	for await (const item of items) {
		taken.push(item);
		if (taken.length >= limit) break;
	}
	return taken;
}
