import { formatTraceparent, parseTraceparent } from "@nova/events/metrics";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("parseTraceparent()", () => {
  it("reads what the recommendation defines, and writes it again", () => {
    for (const flags of [0, 1]) {
      const context = { traceId: TRACE, spanId: SPAN, traceFlags: flags };
      const text = `00-${TRACE}-${SPAN}-0${flags}`;
      assertEquals(parseTraceparent(text), context);
      assertEquals(formatTraceparent(context), text);
    }
  });

  it("takes later versions, with what they say more", () => {
    assertEquals(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-more`)?.spanId, SPAN);
    assertEquals(parseTraceparent(`01-${TRACE}-${SPAN}-09`)?.traceFlags, 1);
  });

  it("takes the first of two, which some runtimes send", () => {
    const other = TRACE.replaceAll("4", "5");
    assertEquals(
      parseTraceparent(`00-${TRACE}-${SPAN}-01, 00-${other}-${SPAN}-01`)?.traceId,
      TRACE,
    );
  });

  for (
    const text of [
      undefined,
      null,
      "",
      "00",
      `ff-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-more`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE}-${SPAN}-1`,
      `00-${TRACE}-${SPAN}`,
      `00-${TRACE}x-${SPAN}-01`,
      `,00-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-${"a".repeat(1000)}`,
    ]
  ) {
    it(`refuses ${String(text).slice(0, 70)}`, () => {
      assertEquals(parseTraceparent(text), undefined);
    });
  }
});
