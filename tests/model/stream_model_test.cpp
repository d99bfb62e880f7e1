// SPDX-License-Identifier: MIT
//
// The whole stream against plain lists: random puts, flushes, waits, time,
// clock jumps, failures and limits, all from one seed, on one thread's clock.
// What the stream says of each record must be what its sinks have seen.
//
// HYDRANT_SEED=n repeats one seed; HYDRANT_SEEDS=n runs that many.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "model/dice_sink.hpp"
#include "sanitized.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::Ledger;
using hydrant::LostReason;
using hydrant::RecordView;
using hydrant::WaitStatus;

namespace {

/// What a run is made of, drawn from its seed.
struct Plan {
  explicit Plan(std::uint64_t seed) : dice(seed) {
    options = small_options();
    options.buffering.size = hydrant::ByteCount{pick<std::uint64_t>({64, 1000, 4096, 16384})};
    options.buffering.interval = std::chrono::milliseconds(pick<int>({0, 10, 1000, 60000}));
    options.buffering.count = pick<std::uint32_t>({0, 0, 1, 7});
    options.memory_limit = hydrant::ByteCount{pick<std::uint64_t>({96, 128, 512}) * 1024};
    options.overflow = pick<hydrant::Overflow>(
        {hydrant::Overflow::reject, hydrant::Overflow::drop_newest, hydrant::Overflow::drop_oldest,
         hydrant::Overflow::block{std::chrono::milliseconds(500)}});
    options.retry.duration = std::chrono::milliseconds(pick<int>({0, 1000, 30000}));
    options.retry.attempt_timeout = std::chrono::milliseconds(5000);
    trouble = pick<unsigned>({0, 10, 50, 90});
    error_trouble = pick<unsigned>({0, 0, 50});
    keeps_order = pick<int>({0, 1}) == 1;
    transforms = pick<int>({0, 1}) == 1;
    backs_up = pick<int>({0, 0, 1}) == 1;
  }

  template <class T>
  T pick(std::vector<T> choices) {
    return choices[dice() % choices.size()];
  }

  Dice dice;
  hydrant::StreamOptions options;
  unsigned trouble = 0;        // of 100 attempts of the main sink, so many go wrong
  unsigned error_trouble = 0;  // the same of the error output
  bool keeps_order = false;    // no partial results, which are the one thing that changes order
  bool transforms = false;
  bool backs_up = false;
};

int outputs_of(std::string_view text) {
  return Name(text).sequence % 4;
}

bool is_bad_for_transform(std::string_view text) {
  return Name(text).sequence % 11 == 5;
}

hydrant::Outcome unfold(const RecordView& record, hydrant::Emitter& out) {
  for (int i = 0; i < outputs_of(record.text()); ++i) {
    out.emit(std::string(record.text()) + "#" + std::to_string(i));
  }
  return is_bad_for_transform(record.text()) ? hydrant::Outcome::failed("bad")
                                             : hydrant::Outcome::ok();
}

std::string decode_base64(std::string_view text) {
  const std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  return bytes;
}

std::string raw_data(const std::string& letter) {
  const std::string key = "\"rawData\":\"";
  const std::size_t begin = letter.find(key) + key.size();
  return decode_base64(std::string_view(letter).substr(begin, letter.find('"', begin) - begin));
}

/// One run.
class Run {
 public:
  explicit Run(std::uint64_t seed)
      : plan_(seed),
        env_(seed),
        sink_(std::make_shared<DiceSink::State>(seed + 1)),
        errors_(std::make_shared<DiceSink::State>(seed + 2)),
        backup_(std::make_shared<DiceSink::State>(seed + 3)) {
    sink_->trouble = plan_.trouble;
    sink_->keeps_order = plan_.keeps_order;
    sink_->refuses_poison = true;
    errors_->trouble = plan_.error_trouble;
    backup_->trouble = plan_.trouble;
  }

  void go() {
    const auto with = [this](auto transform, auto... extras) {
      hydrant::DeliveryStream stream{
          plan_.options, transform, DiceSink(sink_), env_, hydrant::error_output(DiceSink(errors_)),
          extras...};
      live(stream);
      check_end(stream);
    };
    if (plan_.transforms && plan_.backs_up) {
      with(unfold, hydrant::source_backup(DiceSink(backup_)));
    } else if (plan_.transforms) {
      with(unfold);
    } else if (plan_.backs_up) {
      with(hydrant::identity, hydrant::source_backup(DiceSink(backup_)));
    } else {
      with(hydrant::identity);
    }
  }

 private:
  template <class Stream>
  void live(Stream& stream) {
    const std::uint64_t steps = 5 + plan_.dice() % 40;
    for (std::uint64_t i = 0; i < steps; ++i) {
      act(stream);
      REQUIRE(stream.ledger().balanced());
      REQUIRE(stream.ledger().accepted == accepted_.size() + dropped_newest_);
      REQUIRE(stream.backup_ledger().balanced());
      const auto snapshot = stream.snapshot();
      REQUIRE(snapshot.memory_used <= snapshot.memory_limit);
    }
    const auto report = stream.close(std::chrono::milliseconds(plan_.dice() % 60'000));
    REQUIRE(report.ledger.in_memory == 0);
    REQUIRE(report.backup.in_memory == 0);
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
      case 4:
        static_cast<void>(stream.flush(std::chrono::milliseconds(plan_.dice() % 3000)));
        break;
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
    for (std::uint64_t i = 1 + plan_.dice() % 60; i > 0; --i) {
      const std::string name =
          std::to_string(producer) + ":" + std::to_string(sequences_[producer]++) + ":";
      const std::uint64_t longest = plan_.dice() % 4 == 0 ? 980 : 60;
      const std::uint64_t size = plan_.dice() % 50 == 0 ? 1001 : plan_.dice() % longest;
      const std::string text =
          name + std::string(std::max<std::uint64_t>(size, name.size()) - name.size(), 'x');
      const hydrant::PutResult put =
          plan_.dice() % 5 == 0 ? reserve(stream, text) : stream.put(text);
      if (put) {
        accepted_.push_back({text, put.ticket()});
      } else if (put.status() == hydrant::PutStatus::record_too_large) {
        REQUIRE(text.size() > 1000);
      } else {
        REQUIRE(put.status() == hydrant::PutStatus::buffer_full);
        dropped_newest_ += plan_.options.overflow == hydrant::Overflow::drop_newest ? 1u : 0u;
      }
    }
  }

  template <class Stream>
  static hydrant::PutResult reserve(Stream& stream, const std::string& text) {
    hydrant::Room room = stream.reserve(text.size());
    if (!room) {
      return room.status();
    }
    text.copy(room.data(), text.size());
    return room.commit(text.size());
  }

  /// What the sinks have seen of each record, against what the stream says of it.
  template <class Stream>
  void check_end(Stream& stream) {
    std::map<std::string, int> confirmed;
    for (const std::string& text : sink_->confirmed) {
      ++confirmed[text];
    }
    std::map<std::string, int> letters;
    for (const std::string& letter : errors_->confirmed) {
      ++letters[raw_data(letter)];
    }
    std::map<WaitStatus, std::uint64_t> counts;
    for (const Accepted& record : accepted_) {
      CAPTURE(record.text);
      const WaitStatus status = stream.wait(record.ticket, 0s);
      ++counts[status];
      const int wanted = plan_.transforms ? outputs_of(record.text) : 1;
      int there = 0;
      for (int i = 0; i < wanted; ++i) {
        const std::string output =
            plan_.transforms ? record.text + "#" + std::to_string(i) : record.text;
        REQUIRE(confirmed[output] <= 1);  // what is confirmed is never sent again
        there += confirmed[output];
        confirmed.erase(output);
      }
      REQUIRE((status == WaitStatus::delivered) == (wanted != 0 && there == wanted));
      REQUIRE((status == WaitStatus::dead_lettered) == (letters[record.text] == 1));
      REQUIRE(letters[record.text] <= 1);
      REQUIRE((status != WaitStatus::dropped || wanted == 0));
      REQUIRE(status != WaitStatus::pending);
      letters.erase(record.text);
    }
    REQUIRE(confirmed.empty());  // nothing is invented
    REQUIRE(letters.empty());
    check_ledger(stream.ledger(), counts);
    check_batches();
    if (plan_.keeps_order) {
      check_order(sink_->confirmed);
    }
  }

  void check_ledger(const Ledger& ledger, std::map<WaitStatus, std::uint64_t>& counts) {
    REQUIRE(ledger.balanced());
    REQUIRE(ledger.delivered == counts[WaitStatus::delivered]);
    REQUIRE(ledger.dropped == counts[WaitStatus::dropped]);
    REQUIRE(ledger.dead_lettered == counts[WaitStatus::dead_lettered]);
    REQUIRE(ledger.lost == counts[WaitStatus::lost] + dropped_newest_);
    const auto lost = [&](LostReason reason) {
      return ledger.lost_by_reason[static_cast<std::size_t>(reason)];
    };
    REQUIRE(lost(LostReason::overflow_newest) == dropped_newest_);
    REQUIRE((lost(LostReason::overflow_oldest) == 0 ||
             plan_.options.overflow == hydrant::Overflow::drop_oldest));
    REQUIRE((lost(LostReason::error_output_failed) == 0 || plan_.error_trouble != 0));
  }

  void check_batches() {
    const hydrant::BufferingHints& hints = plan_.options.buffering;
    std::map<std::string, std::set<std::string>> records_of_id;
    for (const ReceivedBatch& batch : sink_->sent) {
      REQUIRE(batch.records.size() == batch.count);
      REQUIRE(batch.raw.size() == batch.bytes);
      REQUIRE((plan_.transforms || batch.count == 1 || batch.bytes <= hints.size.value));
      REQUIRE((plan_.transforms || hints.count == 0 || batch.count <= hints.count));
      const std::set<std::string> records(batch.records.begin(), batch.records.end());
      const auto [known, is_new] = records_of_id.emplace(batch.request_id, records);
      // The same id means the same records, or what a partial result has left of them.
      REQUIRE((is_new || std::includes(known->second.begin(), known->second.end(), records.begin(),
                                       records.end())));
      if (plan_.keeps_order) {
        check_order(batch.records);
      }
    }
  }

  void check_order(const std::vector<std::string>& texts) {
    std::map<int, int> last;
    for (const std::string& text : texts) {
      const Name name(text);
      const auto [known, is_new] = last.emplace(name.producer, name.sequence);
      REQUIRE((is_new || known->second <= name.sequence));
      known->second = name.sequence;
    }
  }

  struct Accepted {
    std::string text;
    hydrant::Ticket ticket;
  };

  Plan plan_;
  ManualEnv env_;
  std::shared_ptr<DiceSink::State> sink_;
  std::shared_ptr<DiceSink::State> errors_;
  std::shared_ptr<DiceSink::State> backup_;
  std::vector<Accepted> accepted_;
  std::map<int, int> sequences_;
  std::uint64_t dropped_newest_ = 0;
  int producers_ = 0;
};

}  // namespace

TEST_CASE("stream does what its model does", "[model]") {
  constexpr std::uint64_t seeds = is_sanitized ? 100 : 400;  // ten seconds, or half a minute
  const char* const one = std::getenv("HYDRANT_SEED");
  const char* const many = std::getenv("HYDRANT_SEEDS");
  const std::uint64_t first = one != nullptr ? std::stoull(one) : 1;
  const std::uint64_t count = one != nullptr ? 1 : many != nullptr ? std::stoull(many) : seeds;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("repeat with HYDRANT_SEED=" << seed);
    Run(seed).go();
  }
}
