// SPDX-License-Identifier: MIT
// expect: hydrant: a Sink must be movable.
#include <hydrant/sink/sink.hpp>

#include <string_view>

struct PagerSink {
  static constexpr std::string_view name = "pager";
  static constexpr hydrant::SinkLimits limits{};

  PagerSink() = default;
#if !defined(HYDRANT_ACCEPT)
  PagerSink(PagerSink&&) = delete;
#endif

  hydrant::DeliveryResult deliver(const hydrant::Batch&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
};

template struct hydrant::detail::CheckSink<PagerSink>;
