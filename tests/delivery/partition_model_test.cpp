// SPDX-License-Identifier: MIT
//
// A stream with partitions against plain lists: random keys, sizes, intervals,
// limits, flushes, time and failures, all from one seed. Whatever happens, a
// batch holds one partition, within its size and in order; what the stream says
// of a record is what the sink has seen of its outputs; and the books balance.
//
// HYDRANT_SEED=n repeats one seed; HYDRANT_SEEDS=n runs that many.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "delivery/partition_rig.hpp"
#include "model/dice_sink.hpp"
#include "sanitized.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::LostReason;
using hydrant::Overflow;
using hydrant::RecordView;
using hydrant::WaitStatus;
using hydrant::WhenPartitionsFull;

namespace {

/// What a run is made of, drawn from its seed.
struct Plan {
  explicit Plan(std::uint64_t seed) : dice(seed) {
    options = small_options();
    options.buffering.size = hydrant::ByteCount{pick<std::uint64_t>({64, 1000, 4096, 16384})};
    options.buffering.interval = std::chrono::milliseconds(pick<int>({0, 10, 1000, 60000}));
    options.buffering.count = pick<std::uint32_t>({0, 0, 1, 7});
    options.memory_limit = hydrant::ByteCount{pick<std::uint64_t>({128, 192, 512, 2048}) * 1024};
    options.overflow =
        pick<Overflow>({Overflow::reject, Overflow::drop_newest, Overflow::drop_oldest,
                        Overflow::block{std::chrono::milliseconds(500)}});
    options.retry.duration = std::chrono::milliseconds(pick<int>({0, 1000, 30000}));
    options.retry.attempt_timeout = std::chrono::milliseconds(5000);
    partitions.active_max = pick<std::uint32_t>({1, 2, 5, 1000, 10'000});
    partitions.when_full =
        pick<WhenPartitionsFull>({WhenPartitionsFull::close_one, WhenPartitionsFull::close_one,
                                  WhenPartitionsFull::error_output});
    keys = pick<int>({1, 3, 20, 200});
    is_calm = pick<int>({0, 0, 1}) == 1;
    trouble = is_calm ? 0 : pick<unsigned>({0, 10, 50, 90});
    keeps_order = is_calm || pick<int>({0, 1}) == 1;
    transforms = pick<int>({0, 1}) == 1;
  }

  template <class T>
  T pick(std::vector<T> choices) {
    return choices[dice() % choices.size()];
  }

  Dice dice;
  hydrant::StreamOptions options;
  hydrant::PartitionOptions partitions;
  int keys = 1;
  bool is_calm = false;  // the sink takes everything at once
  unsigned trouble = 0;  // of 100 attempts so many go wrong
  bool keeps_order = false;
  bool transforms = false;
};

int outputs_of(std::string_view text) {
  return Name(text).sequence % 4;
}

hydrant::Outcome unfold(const RecordView& record, hydrant::Emitter& out) {
  for (int i = 0; i < outputs_of(record.text()); ++i) {
    out.emit(std::string(record.text()) + "#" + std::to_string(i));
  }
  return hydrant::Outcome::ok();
}

/// The partition of an output; "" for one that has none.
std::string key_of(std::string_view text, int keys) {
  const Name name(text);
  const std::size_t hash = text.find('#');
  const int output = hash == std::string_view::npos ? 0 : text[hash + 1] - '0';
  return name.sequence % 17 == 3 ? std::string()
                                 : "p" + std::to_string((name.sequence / 3 + output) % keys);
}

/// One run.
class Run {
 public:
  explicit Run(std::uint64_t seed)
      : plan_(seed), env_(seed), sink_(std::make_shared<DiceSink::State>(seed + 1)) {
    sink_->trouble = plan_.trouble;
    sink_->keeps_order = plan_.keeps_order;
    sink_->refuses_poison = !plan_.is_calm;
  }

  void go() {
    const auto with = [this](auto transform) {
      const int keys = plan_.keys;
      hydrant::DeliveryStream stream{
          plan_.options,
          transform,
          DiceSink(sink_),
          env_,
          hydrant::error_output(errors_),
          hydrant::partition_by(
              "k", [keys](std::string_view text) { return key_of(text, keys); }, plan_.partitions)};
      live(stream);
      check_end(stream);
    };
    if (plan_.transforms) {
      with(unfold);
    } else {
      with(hydrant::identity);
    }
  }

 private:
  struct Accepted {
    std::string text;
    hydrant::Ticket ticket;
    hydrant::SteadyTime at;
  };

  template <class Stream>
  void live(Stream& stream) {
    const std::uint64_t steps = 5 + plan_.dice() % 40;
    for (std::uint64_t i = 0; i < steps; ++i) {
      act(stream);
      REQUIRE(stream.ledger().balanced());
      REQUIRE(stream.ledger().accepted == accepted_.size() + dropped_newest_);
      const auto snapshot = stream.snapshot();
      REQUIRE(snapshot.memory_used <= snapshot.memory_limit);
      REQUIRE(snapshot.partitions.active <= plan_.partitions.active_max);
    }
    const auto report =
        stream.close(std::chrono::milliseconds(plan_.is_calm ? 60'000 : plan_.dice() % 60'000));
    REQUIRE(report.ledger.in_memory == 0);
    REQUIRE((report.complete || !plan_.is_calm));
    REQUIRE(stream.snapshot().partitions.records_in_memory == 0);
    REQUIRE(stream.snapshot().partitions.active == 0);
  }

  template <class Stream>
  void act(Stream& stream) {
    switch (plan_.dice() % 10) {
      case 0:
      case 1:
      case 2:
        put_some(stream, 0);
        break;
      case 3: {
        const int producer = ++producers_;
        std::thread([&] { put_some(stream, producer); }).join();
        break;
      }
      case 4: {
        const auto report = stream.flush(std::chrono::milliseconds(plan_.dice() % 3000));
        REQUIRE((report.complete || !plan_.is_calm));
        break;
      }
      case 5:
        env_.jump_wall(std::chrono::hours(24 * 365) * (static_cast<int>(plan_.dice() % 21) - 10));
        break;
      case 6:
        env_.yield_each(plan_.dice() % 4);
        break;
      case 7:
        if (!accepted_.empty()) {
          static_cast<void>(stream.wait(accepted_[plan_.dice() % accepted_.size()].ticket,
                                        std::chrono::milliseconds(plan_.dice() % 2000)));
        }
        break;
      default: {
        const std::uint64_t longest = plan_.dice() % 2 ? 200 : 70'000;
        env_.advance(std::chrono::milliseconds(plan_.dice() % longest));
      }
    }
  }

  template <class Stream>
  void put_some(Stream& stream, int producer) {
    for (std::uint64_t i = 1 + plan_.dice() % 120; i > 0; --i) {
      const std::string name =
          std::to_string(producer) + ":" + std::to_string(sequences_[producer]++) + ":";
      const std::uint64_t longest = plan_.dice() % 4 == 0 ? 980 : 60;
      const std::uint64_t size = plan_.dice() % longest;
      const std::string text =
          name + std::string(std::max<std::uint64_t>(size, name.size()) - name.size(), 'x');
      const hydrant::PutResult put = stream.put(text);
      if (put) {
        accepted_.push_back({text, put.ticket(), env_.steady_now()});
      } else {
        REQUIRE(put.status() == hydrant::PutStatus::buffer_full);
        dropped_newest_ += plan_.options.overflow == Overflow::drop_newest ? 1u : 0u;
      }
    }
  }

  Texts outputs(const std::string& text) const {
    if (!plan_.transforms) {
      return {text};
    }
    Texts outputs;
    for (int i = 0; i < outputs_of(text); ++i) {
      outputs.push_back(text + "#" + std::to_string(i));
    }
    return outputs;
  }

  template <class Stream>
  void check_end(Stream& stream) {
    std::map<std::string, int> confirmed;
    for (const std::string& text : sink_->confirmed) {
      ++confirmed[text];
    }
    std::map<WaitStatus, std::uint64_t> counts;
    std::uint64_t exceeded = stream.snapshot().partitions.limit_exceeded;
    for (const Accepted& record : accepted_) {
      CAPTURE(record.text);
      const WaitStatus status = stream.wait(record.ticket, 0s);
      ++counts[status];
      const Texts wanted = outputs(record.text);
      std::size_t there = 0;
      for (const std::string& output : wanted) {
        REQUIRE(confirmed[output] <= 1);  // what is confirmed is never sent again
        there += static_cast<std::size_t>(confirmed[output]);
        confirmed.erase(output);
      }
      const bool has_no_key = !wanted.empty() && key_of(record.text, plan_.keys).empty();
      REQUIRE((status == WaitStatus::delivered) == (!wanted.empty() && there == wanted.size()));
      REQUIRE((status != WaitStatus::dropped || wanted.empty()));
      REQUIRE((!wanted.empty() || status == WaitStatus::dropped || status == WaitStatus::lost));
      REQUIRE((status != WaitStatus::lost || !plan_.is_calm ||
               plan_.options.overflow == Overflow::drop_oldest));
      REQUIRE((!has_no_key || (there == 0 && status != WaitStatus::delivered)));
      REQUIRE(status != WaitStatus::pending);
      REQUIRE(
          (!plan_.is_calm || has_no_key || exceeded != 0 || status != WaitStatus::dead_lettered));
    }
    REQUIRE(confirmed.empty());  // nothing is invented
    check_ledger(stream.ledger(), counts);
    REQUIRE(errors_.record_count() == counts[WaitStatus::dead_lettered]);
    check_batches();
    if (plan_.is_calm) {
      check_times();
      check_sizes();
    }
  }

  void check_ledger(const hydrant::Ledger& ledger, std::map<WaitStatus, std::uint64_t>& counts) {
    const auto lost = [&](LostReason reason) {
      return ledger.lost_by_reason[static_cast<std::size_t>(reason)];
    };
    REQUIRE(ledger.balanced());
    REQUIRE(ledger.delivered == counts[WaitStatus::delivered]);
    REQUIRE(ledger.dropped == counts[WaitStatus::dropped]);
    REQUIRE(ledger.dead_lettered == counts[WaitStatus::dead_lettered]);
    REQUIRE(ledger.lost == counts[WaitStatus::lost] + dropped_newest_);
    REQUIRE(lost(LostReason::overflow_newest) == dropped_newest_);
    REQUIRE((lost(LostReason::overflow_oldest) == 0 ||
             plan_.options.overflow == Overflow::drop_oldest));
    REQUIRE((lost(LostReason::close_deadline) == 0 || !plan_.is_calm));
  }

  void check_batches() {
    const hydrant::BufferingHints& hints = plan_.options.buffering;
    std::map<std::string, std::set<std::string>> records_of_id;
    std::map<std::pair<std::string, int>, std::string> last;
    for (const ReceivedBatch& batch : sink_->sent) {
      REQUIRE(batch.raw.size() == batch.bytes);
      REQUIRE((batch.count == 1 || batch.bytes <= hints.size.value));
      REQUIRE((hints.count == 0 || batch.count <= hints.count));
      for (const std::string& record : batch.records) {
        REQUIRE(key_of(record, plan_.keys) == partition_of(batch));
      }
      const std::set<std::string> records(batch.records.begin(), batch.records.end());
      const auto [known, is_new] = records_of_id.emplace(batch.request_id, records);
      // The same id means the same records, or what a partial result has left of them.
      REQUIRE((is_new || std::includes(known->second.begin(), known->second.end(), records.begin(),
                                       records.end())));
      check_order(batch.records);
    }
    if (plan_.keeps_order) {
      std::map<std::string, Texts> partitions;
      for (const std::string& text : sink_->confirmed) {
        partitions[key_of(text, plan_.keys)].push_back(text);
      }
      for (const auto& [key, records] : partitions) {
        check_order(records);
      }
    }
  }

  static void check_order(const Texts& texts) {
    std::map<int, int> last;
    for (const std::string& text : texts) {
      const Name name(text);
      const auto [known, is_new] = last.emplace(name.producer, name.sequence);
      REQUIRE((is_new || known->second <= name.sequence));
      known->second = name.sequence;
    }
  }

  /// No record has waited longer than the interval, and one look of the collector.
  void check_times() {
    std::map<std::string, hydrant::SteadyTime> sent;
    for (const ReceivedBatch& batch : sink_->sent) {
      for (const std::string& record : batch.records) {
        sent.emplace(record, batch.at);
      }
    }
    const auto interval = plan_.options.buffering.interval;
    const auto tick = std::clamp<std::chrono::nanoseconds>(interval / 10, 1ms, one_tick);
    for (const Accepted& record : accepted_) {
      for (const std::string& output : outputs(record.text)) {
        if (const auto at = sent.find(output); at != sent.end()) {
          CAPTURE(output, (at->second - record.at).count(), interval.count());
          REQUIRE(at->second - record.at <= interval + tick);
        }
      }
    }
  }

  /// A batch that was closed by its size is as full as its partition's records allow.
  void check_sizes() {
    if (plan_.options.overflow == Overflow::drop_oldest) {
      return;
    }
    std::map<std::string, const ReceivedBatch*> open;
    for (const ReceivedBatch& batch : sink_->sent) {
      if (const ReceivedBatch* before = std::exchange(open[partition_of(batch)], &batch)) {
        REQUIRE(
            (before->close_reason != hydrant::CloseReason::size ||
             before->bytes + batch.records.front().size() > plan_.options.buffering.size.value ||
             before->bytes >= plan_.options.buffering.size.value));
      }
    }
  }

  Plan plan_;
  ManualEnv env_;
  std::shared_ptr<DiceSink::State> sink_;
  MemorySink errors_;
  std::vector<Accepted> accepted_;
  std::map<int, int> sequences_;
  std::uint64_t dropped_newest_ = 0;
  int producers_ = 0;
};

}  // namespace

TEST_CASE("stream with partitions does what its model does", "[delivery][partitions][model]") {
  constexpr std::uint64_t seeds = is_sanitized ? 60 : 250;
  const char* const one = std::getenv("HYDRANT_SEED");
  const char* const many = std::getenv("HYDRANT_SEEDS");
  const std::uint64_t first = one != nullptr ? std::stoull(one) : 1;
  const std::uint64_t count = one != nullptr ? 1 : many != nullptr ? std::stoull(many) : seeds;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("repeat with HYDRANT_SEED=" << seed);
    Run(seed).go();
  }
}
