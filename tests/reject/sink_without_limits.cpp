// SPDX-License-Identifier: MIT
// expect: hydrant: a Sink needs `static constexpr hydrant::SinkLimits limits`.
#include <hydrant/sink/sink.hpp>

#include <string_view>

struct PagerSink {
  static constexpr std::string_view name = "pager";
#if defined(HYDRANT_ACCEPT)
  static constexpr hydrant::SinkLimits limits{};
#endif

  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
};

template struct hydrant::detail::CheckSink<PagerSink>;
