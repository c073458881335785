import { getManyOperation } from '../history';
import { paymentEvents } from './history';

export const getMany = getManyOperation(paymentEvents, {
	action: 'Get many payment events',
	description: 'List the payments that agents made or tried to make, newest first',
});
