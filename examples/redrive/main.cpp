// SPDX-License-Identifier: MIT
//
// Records that have failed, once more: reads error objects, chooses records by
// code and time, puts them into a stream, and marks what is done. A run that is
// killed at any moment, or started twice, neither loses a record nor puts one
// twice: a round of records is in the stream's journal before it counts as put,
// and not a record of it is delivered earlier.
//
//     redrive lake/errors --to lake/again --state redrive.state --code 'S3.*'
#include <hydrant/hydrant.hpp>
#include <hydrant/object/decode_object.hpp>
#include <hydrant/object/error_record.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options.hpp"
#include "state.hpp"
#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;
using namespace hydrant::literals;
using namespace redrive;

constexpr std::size_t object_bytes_max = std::size_t{1} << 30;
constexpr std::size_t round_bytes = std::size_t{16} << 20;
constexpr std::string_view done_folder = "redriven/";

/// A store that takes nothing until it is opened.
/// Threads: shared: safe, as far as the inner store is.
class GatedStore {
 public:
  static constexpr std::string_view name = examples::AnyStore::name;

  GatedStore(examples::AnyStore inner, std::shared_ptr<const std::atomic<bool>> is_open)
      : inner_(std::move(inner)), is_open_(std::move(is_open)) {}

  void validate(hydrant::OptionErrors& errors) const { inner_.validate(errors); }

  hydrant::DeliveryResult put_object(const hydrant::Object& object, hydrant::Attempt& attempt) {
    return *is_open_ ? inner_.put_object(object, attempt)
                     : hydrant::retry("the round is not complete yet");
  }

 private:
  examples::AnyStore inner_;
  std::shared_ptr<const std::atomic<bool>> is_open_;
};

struct Counts {
  std::uint64_t objects = 0;
  std::uint64_t records = 0;  // that were put by this run
  std::uint64_t unreadable = 0;
  std::map<std::string, std::uint64_t> codes{};  // of records that match
};

class Redrive {
 public:
  explicit Redrive(const Options& options)
      : options_(options),
        source_(options.from),
        world_(hydrant::make_world(hydrant::SystemEnv())),
        state_(world_->files(), options.state) {}

  /// Errors: std::runtime_error, and what the stream throws.
  Counts run() {
    if (state_.has_round() && !options_.is_dry_run) {
      deliver({});
    }
    hydrant::Attempt listing = attempt();
    auto keys = source_.list({}, listing);
    require(keys ? hydrant::success() : hydrant::Status(keys.failure()));
    for (const std::string& key : keys.value()) {
      if (!key.starts_with(done_folder)) {
        choose(key);
      }
      if (bytes_ >= round_bytes) {
        deliver(std::exchange(records_, {}));
      }
    }
    if (!records_.empty()) {
      deliver(std::exchange(records_, {}));
    }
    return counts_;
  }

 private:
  hydrant::Attempt attempt() { return {*world_, 1, world_->steady_now() + 10min, stop_}; }

  /// Takes those of the object's records into the round that are meant and not done yet.
  void choose(const std::string& key) {
    hydrant::Attempt reading = attempt();
    auto stored = source_.read(key, object_bytes_max, reading);
    require(stored ? hydrant::success() : hydrant::Status(stored.failure()));
    auto text = hydrant::decode_object<hydrant::Zstd, hydrant::Gzip>(
        key, std::as_bytes(std::span(stored.value())), object_bytes_max);
    require(text ? hydrant::success() : hydrant::Status(text.failure()));
    Lines lines;
    for (std::string_view rest = text.value(); !rest.empty(); ++lines.total) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      take_line(key, line, lines);
    }
    ++counts_.objects;
    if (!lines.numbers.empty()) {
      round_[key] = std::move(lines);
    }
  }

  void take_line(const std::string& key, std::string_view line, Lines& lines) {
    auto record = hydrant::parse_error_record(line);
    if (!record) {
      ++counts_.unreadable;
      fmt::print(stderr, "redrive: {}, line {}: {}\n", key, lines.total + 1,
                 record.failure().message);
      return;
    }
    if (!options_.filter.matches(record.value()) || state_.is_done(key, lines.total)) {
      return;
    }
    ++counts_.codes[record.value().code];
    if (!options_.is_dry_run) {
      bytes_ += record.value().record.size();
      records_.push_back(std::move(record.value().record));
      lines.numbers.insert(lines.total);
    }
  }

  hydrant::StreamOptions stream_options() const {
    return {
        .name = "redrive",
        .overflow = hydrant::Overflow::spill,
        .journal = {.directory = state_.journal(), .durability = hydrant::Durability::power_loss},
        .retry = {.backoff = 100ms, .backoff_max = 10s}};
  }

  auto sink_into(const examples::Place& place, std::shared_ptr<const std::atomic<bool>> is_open) {
    return hydrant::ObjectSink{GatedStore{examples::AnyStore{place}, std::move(is_open)},
                               hydrant::Lines{}, options_.codec,
                               hydrant::Key{{.prefix = place.prefix}}};
  }

  /// One round: what the journal holds of it already, or these.
  void deliver(const std::vector<std::string>& records) {
    const auto is_open = std::make_shared<std::atomic<bool>>(state_.has_round());
    if (!state_.has_round()) {
      // Of a run that was killed before its round was complete. Nothing of it was delivered.
      std::filesystem::remove_all(state_.journal());
    }
    hydrant::DeliveryStream stream{
        stream_options(), hydrant::identity, sink_into(options_.to, is_open),
        hydrant::error_output(sink_into(examples::part_of(options_.to, "errors"), is_open))};
    if (!state_.has_round()) {
      for (const std::string& record : records) {
        if (!stream.put(record)) {
          throw std::runtime_error("a record was refused: is the disk of --state full?");
        }
      }
      if (stream.sync(10min) != hydrant::SyncStatus::durable) {
        throw std::runtime_error("the journal cannot be written: is the disk of --state full?");
      }
      state_.begin_round(std::exchange(round_, {}));
      counts_.records += records.size();
      bytes_ = 0;
      *is_open = true;
    }
    const hydrant::DeliveryReport report = stream.close(1h);
    if (!report.complete) {
      throw std::runtime_error("not all is delivered (run it again to go on): " + to_text(report));
    }
    state_.end_round([this](const std::string& key) {
      hydrant::Attempt moving = attempt();
      require(source_.move(key, std::string(done_folder) + key, moving));
    });
    std::filesystem::remove_all(state_.journal());
  }

  const Options options_;
  examples::AnySource source_;
  std::shared_ptr<hydrant::World> world_;
  const std::atomic<bool> stop_{false};
  State state_;
  Chosen round_;
  std::vector<std::string> records_;
  std::size_t bytes_ = 0;
  Counts counts_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    if (arguments.size() == 1 && arguments[0] == "--help") {
      fmt::print("{}", usage);
      return 0;
    }
    const Options options = parse_options(arguments);
    const Counts counts = Redrive(options).run();
    for (const auto& [code, count] : counts.codes) {
      fmt::print("{}: {} records\n", code.empty() ? "no code" : code, count);
    }
    fmt::print("objects={} records={} unreadable={}\n", counts.objects, counts.records,
               counts.unreadable);
    return counts.unreadable == 0 ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "redrive: {}\n\n{}", error.what(), usage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "redrive: {}\n", error.what());
    return 1;
  }
}
