// SPDX-License-Identifier: MIT
// expect: hydrant: a Sink needs `DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&)`, or begin, step and cancel.
#include <hydrant/sink/sink.hpp>

#include <string_view>

struct PagerSink {
  static constexpr std::string_view name = "pager";
  static constexpr hydrant::SinkLimits limits{};

#if defined(HYDRANT_ACCEPT)
  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
#else
  hydrant::DeliveryResult send(const hydrant::Batch&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
#endif
};

template struct hydrant::detail::CheckSink<PagerSink>;
