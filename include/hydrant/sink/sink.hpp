// SPDX-License-Identifier: MIT
//
// What a destination must look like. A user writes one in 20 lines:
//
//     struct PagerSink {
//       static constexpr std::string_view name = "pager";
//       static constexpr hydrant::SinkLimits limits{.batch_records_max = 100};
//
//       hydrant::DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt& attempt);
//     };
//
// The engine calls `deliver` from one worker at a time (from up to
// `concurrency` at once where the stream asks for more). A sink classifies what
// happened; it never retries, sleeps, logs or drops.
//
// A sink that never waits instead gives the engine small steps:
//
//     void begin(const Batch&, Attempt&);               // the batch stays valid until the end
//     std::optional<DeliveryResult> step(Attempt&);     // nothing yet, or the result
//     void cancel();                                    // the result is of no interest any more
//
// or says `static constexpr bool never_waits = true;` beside its `deliver`. Only
// these two kinds can be driven by `pump`.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/batch.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/sink_limits.hpp>

#include <concepts>
#include <optional>
#include <string_view>

namespace hydrant {

namespace detail {

template <class S>
concept SinkDelivers = requires(S& sink, const Batch& batch, Attempt& attempt) {
  sink.deliver(batch, attempt);
};

template <class S>
concept SinkReturnsResult = requires(S& sink, const Batch& batch, Attempt& attempt) {
  { sink.deliver(batch, attempt) } -> std::convertible_to<DeliveryResult>;
};

template <class S>
concept SinkSteps = requires(S& sink, const Batch& batch, Attempt& attempt) {
  sink.begin(batch, attempt);
  { sink.step(attempt) } -> std::same_as<std::optional<DeliveryResult>>;
  sink.cancel();
};

template <class S>
concept SinkIsNamed = requires {
  { S::name } -> std::convertible_to<std::string_view>;
};

template <class S>
concept SinkHasLimits = requires {
  { S::limits } -> std::convertible_to<const SinkLimits&>;
};

template <class S>
concept SinkSaysNeverWaits = requires {
  requires bool{S::never_waits};
};

}  // namespace detail

/// A sink driven in steps that never wait: `begin`, `step` until there is a result.
template <class S>
concept PolledSink = detail::SinkSteps<S>;

/// A destination for batches of records.
template <class S>
concept Sink = std::move_constructible<S> &&
    (detail::SinkReturnsResult<S> ||
     detail::SinkSteps<S>)&&detail::SinkIsNamed<S>&& detail::SinkHasLimits<S>;

/// A sink that `pump` can drive: it never keeps its caller waiting.
template <class S>
concept PumpableSink = Sink<S> &&(PolledSink<S> || detail::SinkSaysNeverWaits<S>);

namespace detail {

/// Says in English what a type lacks to be a Sink; instantiated by DeliveryStream.
template <class S>
struct CheckSink {
  static_assert(std::move_constructible<S>, "hydrant: a Sink must be movable.");
  static_assert(SinkDelivers<S> || SinkSteps<S>,
                "hydrant: a Sink needs `DeliveryResult deliver(const hydrant::Batch&, "
                "hydrant::Attempt&)`, or begin, step and cancel.");
  static_assert(!SinkDelivers<S> || SinkReturnsResult<S>,
                "hydrant: Sink::deliver must return hydrant::DeliveryResult.");
  static_assert(SinkIsNamed<S>, "hydrant: a Sink needs `static constexpr std::string_view name`.");
  static_assert(SinkHasLimits<S>,
                "hydrant: a Sink needs `static constexpr hydrant::SinkLimits limits`.");
  static constexpr bool ok = Sink<S>;
};

}  // namespace detail

}  // namespace hydrant
