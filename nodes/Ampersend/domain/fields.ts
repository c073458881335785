/**
 * Adds further fields behind the known ones, those of the service that are not known here above all.
 * One that has the name of a known field never takes its place.
 */
export function withFurther<Known extends object, Further extends object>(
	known: Known,
	further: Further,
): Known & Omit<Further, keyof Known> {
	return { ...known, ...further, ...known };
}
