// SPDX-License-Identifier: MIT
// expect: hydrant: a Sink needs `static constexpr std::string_view name`.
#include <hydrant/sink/sink.hpp>

#include <string_view>

struct PagerSink {
#if defined(HYDRANT_ACCEPT)
  static constexpr std::string_view name = "pager";
#endif
  static constexpr hydrant::SinkLimits limits{};

  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
};

template struct hydrant::detail::CheckSink<PagerSink>;
