// SPDX-License-Identifier: MIT
// expect: hydrant: a Sink needs `DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&)`, or begin, step and cancel.
#include <hydrant/sink/sink.hpp>

#include <optional>
#include <string_view>

struct PagerSink {
  static constexpr std::string_view name = "pager";
  static constexpr hydrant::SinkLimits limits{};

  void begin(const hydrant::Batch&, hydrant::Attempt&) {}

#if defined(HYDRANT_ACCEPT)
  std::optional<hydrant::DeliveryResult> step(hydrant::Attempt&) {
    return std::nullopt;
  }
#else
  bool step(hydrant::Attempt&) {
    return false;
  }
#endif

  void cancel() {}
};

template struct hydrant::detail::CheckSink<PagerSink>;
