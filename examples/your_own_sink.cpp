// SPDX-License-Identifier: MIT
//
// A destination that Hydrant does not know, in twenty lines: a name, limits, and
// one function that delivers a batch and says how it went. Batching, retries,
// dead letters and the account of every record come with the stream.
#include <hydrant/hydrant.hpp>

#include <iostream>
#include <string>
#include <string_view>

/// Stands for somebody's client library. It is busy now and then, and takes no empty messages.
class Pager {
 public:
  enum class Answer { sent, busy, refused };

  Answer send(std::string_view message, hydrant::SteadyTime /*deadline*/) {
    if (message.empty()) {
      return Answer::refused;
    }
    if (++calls_ % 7 == 0) {
      return Answer::busy;
    }
    std::cout << "pager: " << message << '\n';
    return Answer::sent;
  }

 private:
  int calls_ = 0;
};

struct PagerSink {
  static constexpr std::string_view name = "pager";
  static constexpr hydrant::SinkLimits limits{.batch_records_max = 5};

  hydrant::DeliveryResult deliver(const hydrant::Batch& batch, hydrant::Attempt& attempt) {
    std::vector<hydrant::RecordFailure> failures;
    std::uint32_t index = 0;
    for (const hydrant::RecordView record : batch.records()) {
      if (attempt.cancelled()) {
        failures.push_back({index, "the attempt's time is over"});
      } else if (auto answer = pager.send(record.text(), attempt.deadline());
                 answer != Pager::Answer::sent) {
        const bool is_busy = answer == Pager::Answer::busy;
        failures.push_back({index, is_busy ? "pager is busy" : "pager refuses it", is_busy});
      }
      ++index;
    }
    return hydrant::partial(std::move(failures));  // these have failed, all others are done
  }

  Pager pager;
};

int main() {
  using namespace hydrant::literals;
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "alarms", .retry = {.duration = 10s, .backoff = 10ms}},
      hydrant::identity, PagerSink{}};

  for (int i = 1; i <= 20; ++i) {
    if (auto put = stream.put("disk " + std::to_string(i) + " is full"); !put) {
      std::cerr << put.reason() << '\n';
    }
  }
  if (auto put = stream.put(""); !put) {  // no pager will ever take this one
    std::cerr << put.reason() << '\n';
  }
  const hydrant::DeliveryReport report = stream.close(30s);
  for (const std::string& letter : stream.dead_letters()) {
    std::cout << "failed: " << letter << '\n';
  }
  std::cout << report << '\n';
  return report.ledger.delivered == 20 && report.ledger.dead_lettered == 1 ? 0 : 1;
}
