/**
 * The parts of a window, sorted out once for all rules.
 */

import type {
  EmitterFigures,
  ListenerFigures,
  PoolFigures,
  Sample,
  StoreFigures,
  SubscriptionFigures,
  TopicFigures,
} from "./figures.ts";
import { byName, Trail } from "./trail.ts";

/** A topic with its subscriptions. */
export interface TopicTrail {
  readonly topic: Trail<TopicFigures>;
  readonly subscriptions: readonly Trail<SubscriptionFigures>[];
}

/** The trail of each part. */
export interface Trails {
  readonly window: Trail<Sample>;
  readonly emitters: readonly Trail<EmitterFigures>[];
  /** Topics, but for those of dead letters. */
  readonly topics: readonly TopicTrail[];
  readonly deadLetters: readonly Trail<TopicFigures>[];
  readonly listeners: readonly Trail<ListenerFigures>[];
  readonly stores: readonly Trail<StoreFigures>[];
  readonly pools: readonly Trail<PoolFigures>[];
}

/** Sorts out samples, oldest first. */
export function trailsOf(samples: readonly Sample[]): Trails {
  const window = new Trail("", samples.map((figures) => ({ at: figures.at, figures })));
  const topics = window.members(({ bus }) => bus).flatMap((bus) =>
    bus.members(({ topics }) => byName(topics, ({ name }) => name))
  );
  return {
    window,
    emitters: window.members(({ emitter }) => emitter),
    topics: topics.filter((topic) => !isDeadLetters(topic)).map((topic) => ({
      topic,
      subscriptions: topic.members(({ subscriptions }) => byName(subscriptions, ({ id }) => id)),
    })),
    deadLetters: topics.filter(isDeadLetters),
    listeners: window.members(({ listeners }) => listeners).flatMap((manager) =>
      manager.members(({ listeners }) => listeners)
    ),
    stores: window.members(({ store }) => store),
    pools: window.members(({ pool }) => pool),
  };
}

function isDeadLetters({ name }: Trail<TopicFigures>): boolean {
  return name.endsWith(".dlq");
}
