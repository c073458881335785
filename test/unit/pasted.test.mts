import { describe, expect, it } from '@jest/globals';

import { pasted } from '../../nodes/Ampersend/domain/text';

describe('what people paste', () => {
	it.each([
		['sk_test_1', 'sk_test_1'],
		[' "sk_test_1" ', 'sk_test_1'],
		["API_KEY='sk_test_1'", 'sk_test_1'],
		['export AMPERSEND_API_KEY = sk_test_1', 'sk_test_1'],
		['Authorization: Bearer sk_test_1', 'sk_test_1'],
		['"Bearer `sk_test_1`"', 'sk_test_1'],
		['PRIVATE_KEY=0x12', '0x12'],
		['BASE_URL="https://api.example.com/v1?a=b"', 'https://api.example.com/v1?a=b'],
		['Bearer', ''],
		['', ''],
	])('%j is %j', (text, bare) => {
		expect(pasted(text)).toBe(bare);
	});

	it.each(['sk_test_1==', 'sk_live_a=b', 'bearer_1', 'https://a=b.example.com', '='])(
		'%j stays',
		(text) => {
			expect(pasted(text)).toBe(text);
		},
	);
});
