/** Whether two data say the same: what a producer sends again need not be the same object. */
export function sameData(one: unknown, other: unknown, depth = 0): boolean {
  if (Object.is(one, other) || one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  // Deeper than anybody compares: taken for different rather than for ever.
  if (depth > 500) return false;
  const prototype: unknown = Object.getPrototypeOf(one);
  if (prototype !== Object.getPrototypeOf(other)) return false;
  if (Array.isArray(one)) {
    const items = other as readonly unknown[];
    return one.length === items.length &&
      one.every((item, i) => sameData(item, items[i], depth + 1));
  }
  if (one instanceof Date) return one.getTime() === (other as Date).getTime();
  // What is inside other objects cannot be seen from here.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  const entries = Object.entries(one).filter(([, value]) => value !== undefined);
  const others = Object.values(other).filter((value) => value !== undefined);
  return entries.length === others.length &&
    entries.every(([key, value]) =>
      sameData(value, (other as Record<string, unknown>)[key], depth + 1)
    );
}
