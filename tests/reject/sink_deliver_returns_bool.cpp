// SPDX-License-Identifier: MIT
// expect: hydrant: Sink::deliver must return hydrant::DeliveryResult.
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
  bool deliver(const hydrant::Batch&, hydrant::Attempt&) {
    return true;
  }
#endif
};

template struct hydrant::detail::CheckSink<PagerSink>;
