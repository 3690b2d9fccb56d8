/**
 * A thin stand-in for `@std/testing/mock`: spies, stubs and the assertions on them.
 *
 * @module
 */

export {
  type ConstructorSpy,
  type GetParametersFromProp,
  type GetReturnFromProp,
  type MethodSpy,
  MockError,
  mockSession,
  mockSessionAsync,
  restore,
  type Spy,
  spy,
  type SpyCall,
  type SpyLike,
  type Stub,
  stub,
} from "./spy.ts";
export {
  assertSpyCall,
  assertSpyCallArg,
  assertSpyCallArgs,
  assertSpyCallAsync,
  assertSpyCalls,
  type ExpectedSpyCall,
} from "./spy_asserts.ts";
export { resolvesNext, returnsArg, returnsArgs, returnsNext, returnsThis } from "./returns.ts";
