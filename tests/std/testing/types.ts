/**
 * A thin stand-in for `@std/testing/types`: what the type checker says, said by a test.
 *
 * @module
 */

/** Compiles only if the type argument is `true` (or what the second argument says). */
export function assertType<_T extends true>(_expectTrue: _T): void {}

/** Compiles only if `T` is `true`. */
export type AssertTrue<T extends true> = T;

/** Compiles only if `T` is `false`. */
export type AssertFalse<T extends false> = T;

/** Whether `T` has `U` among its members. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : Extract<T, U> extends never ? false
  : true;

/** Whether `T` has no `U` among its members. */
export type NotHas<T, U> = Has<T, U> extends false ? true : false;

/** Whether `T` is `any`. */
export type IsAny<T> = 0 extends (1 & T) ? true : false;

/** Whether `T` is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;

/** Whether `T` may be `null` or `undefined`. */
export type IsNullable<T> = Extract<T, null | undefined> extends never ? false : true;

/** Whether the two types are the same, `any` and `readonly` included. */
export type IsExact<T, U> = (<X>() => X extends T ? 1 : 2) extends (<X>() => X extends U ? 1 : 2)
  ? true
  : false;
