// SPDX-License-Identifier: MIT
//
// What every sink must do, as a suite that belongs to no test framework: give it
// a function that makes your sink, and it says what is wrong, one line a fault.
//
//     REQUIRE(hydrant::testing::check_sink([] { return PagerSink{}; }).empty());
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/sink/any_sink.hpp>
#include <hydrant/testing/batch_builder.hpp>
#include <hydrant/testing/manual_env.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// What the suite needs to know of a sink.
struct SinkCheck {
  /// The world that the sink sees. Default: a ManualEnv, whose time `pause` moves.
  std::shared_ptr<World> world{};

  /// Called between the steps of a polled sink. Default: lets a millisecond of the ManualEnv pass.
  std::function<void()> pause{};

  /// The records that have arrived at the destination since the sink was made, in order. Without
  /// it, only what the sink says is checked.
  std::function<std::vector<std::string>()> received{};

  /// How many steps a polled sink may take for one attempt.
  std::uint32_t steps_max = 100'000;

  /// False where the destination refuses some of the hostile records, which is its right; the
  /// sink must still say so instead of throwing.
  bool takes_any_bytes = true;
};

namespace detail {

/// One run of the suite over sinks of one type.
template <class Factory>
class SinkExam {
 public:
  using S = std::invoke_result_t<Factory&>;

  SinkExam(Factory& factory, SinkCheck check) : factory_(&factory), check_(std::move(check)) {
    if (check_.world == nullptr) {
      const ManualEnv env;
      check_.world = make_world(env);
      check_.pause = [env] { env.advance(std::chrono::milliseconds(1)); };
    }
    if (!check_.pause) {
      check_.pause = [] {};
    }
  }

  std::vector<std::string> run() {
    check_type();
    check_delivery("one record", {{"one"}});
    check_delivery("one empty record", {{""}});
    check_delivery("many empty records", {{"", "", ""}, {""}});
    check_delivery("many slices", {{"a", "b"}, {"c"}, {"d", "e", "f"}, {"g"}});
    check_delivery("a record that ends with the delimiter", {{"line\n", "line"}, {"\n"}});
    check_hostile_bytes();
    check_twice();
    check_cancelled();
    check_moved();
    return std::move(faults_);
  }

 private:
  using Pages = std::vector<std::vector<std::string>>;

  void expect(bool holds, const std::string& fault) {
    if (!holds) {
      faults_.push_back(std::string(S::name) + ": " + fault);
    }
  }

  void check_type() {
    const std::string_view name = S::name;
    const auto is_snake = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    expect(!name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
               std::all_of(name.begin(), name.end(), is_snake),
           "its name must be snake_case, it stands in metrics and error types");
    const SinkLimits& limits = S::limits;
    expect(limits.batch_bytes_max == 0 || limits.record_bytes_max <= limits.batch_bytes_max,
           "limits.record_bytes_max must not exceed limits.batch_bytes_max");
    OptionErrors errors;
    AnySink(make()).validate({}, errors);
    expect(errors.empty(), "the sink that the factory makes must be valid");
  }

  S make() { return (*factory_)(); }

  /// The records cut to what one request may hold, as the engine does.
  Pages within_limits(const Pages& pages) const {
    const SinkLimits& limits = S::limits;
    Pages cut;
    std::uint64_t count = 0;
    for (const auto& page : pages) {
      cut.emplace_back();
      for (const std::string& record : page) {
        const bool fits = limits.record_bytes_max == 0 || record.size() <= limits.record_bytes_max;
        if (fits && (limits.batch_records_max == 0 || count < limits.batch_records_max)) {
          cut.back().push_back(record);
          ++count;
        }
      }
    }
    return cut;
  }

  static std::vector<std::string> flat(const Pages& pages) {
    std::vector<std::string> records;
    for (const auto& page : pages) {
      records.insert(records.end(), page.begin(), page.end());
    }
    return records;
  }

  /// The result of one attempt, whichever kind the sink is of.
  std::optional<DeliveryResult> attempt(AnySink& sink, const Batch& batch, std::uint32_t number) {
    const std::atomic<bool> stop{false};
    Attempt attempt(*check_.world, number,
                    saturating_add(check_.world->steady_now(), std::chrono::minutes(10)), stop);
    std::optional<DeliveryResult> result = sink.begin(batch, attempt);
    for (std::uint32_t steps = 0; !result && steps < check_.steps_max; ++steps) {
      check_.pause();
      result = sink.step(attempt);
    }
    if (!result) {
      sink.cancel();
    }
    return result;
  }

  /// Whether a result says something that can be true of a batch of `count` records.
  void check_result(const std::string& what, const std::optional<DeliveryResult>& result,
                    std::uint32_t count) {
    if (!result) {
      expect(false, what + ": no result after " + std::to_string(check_.steps_max) + " steps");
      return;
    }
    expect(result->code() != "Hydrant.SinkThrew", what + ": " + result->reason());
    for (const RecordFailure& failure : result->failures()) {
      expect(failure.index < count, what + ": names record " + std::to_string(failure.index) +
                                        " of a batch of " + std::to_string(count));
    }
    expect(result->is_delivered() || !result->reason().empty(), what + ": gives no reason");
  }

  void check_delivered(const std::string& what, const std::optional<DeliveryResult>& result) {
    expect(result && result->is_delivered(),
           what + ": must be delivered" + (result ? ", is: " + result->reason() : std::string()));
  }

  void check_received(const std::string& what, const std::vector<std::string>& sent) {
    if (check_.received) {
      expect(check_.received() == sent, what + ": what arrived is not what was sent");
    }
  }

  void check_delivery(const std::string& what, const Pages& wanted) {
    const Pages pages = within_limits(wanted);
    AnySink sink(make());
    BatchBuilder builder{std::string(sink.record_delimiter())};
    for (const auto& page : pages) {
      builder.page(page);
    }
    const std::optional<DeliveryResult> result = attempt(sink, builder.batch(), 1);
    check_result(what, result, builder.batch().count());
    check_delivered(what, result);
    std::vector<std::string> sent;
    for (const RecordView record : builder.batch().records()) {
      sent.emplace_back(record.text());
    }
    check_received(what, sent);
  }

  void check_hostile_bytes() {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
      all += static_cast<char>(byte);
    }
    const Pages pages = within_limits({{all, std::string(3, '\0'), "\"}],{\\u0000\r\n\t",
                                        "\xc3\x28", "\xed\xa0\x80", std::string(70'000, '\xff')}});
    AnySink sink(make());
    BatchBuilder builder{std::string(sink.record_delimiter())};
    builder.page(pages.front());
    const std::optional<DeliveryResult> result = attempt(sink, builder.batch(), 1);
    check_result("hostile bytes", result, builder.batch().count());
    if (check_.takes_any_bytes) {
      check_delivered("hostile bytes", result);
      check_received("hostile bytes", flat(pages));
    }
    check_delivered("a batch after hostile bytes", one_more(sink));
  }

  std::optional<DeliveryResult> one_more(AnySink& sink) {
    BatchBuilder next;
    next.page({"next"}).request_id("00000000-0000-4000-8000-000000000002");
    return attempt(sink, next.batch(), 1);
  }

  /// At least once: the same batch comes again when an answer was lost on its way.
  void check_twice() {
    AnySink sink(make());
    BatchBuilder builder;
    builder.page({"again"});
    check_delivered("a first time", attempt(sink, builder.batch(), 1));
    check_delivered("the same batch a second time", attempt(sink, builder.batch(), 2));
  }

  /// An attempt without time: any answer will do, but soon, and the next one must work.
  void check_cancelled() {
    AnySink sink(make());
    BatchBuilder builder;
    builder.page({"cancelled"});
    const Batch batch = builder.batch();
    const std::atomic<bool> stop{true};
    Attempt late(*check_.world, 1, check_.world->steady_now(), stop);
    const std::optional<DeliveryResult> result = sink.begin(batch, late);
    if (result) {
      check_result("a cancelled attempt", result, 1);
    } else {
      sink.cancel();
    }
    check_delivered("a batch after a cancelled attempt", one_more(sink));
  }

  void check_moved() {
    S first = make();
    S second(std::move(first));
    AnySink sink(std::move(second));
    check_delivered("a sink that was moved", one_more(sink));
  }

  Factory* factory_;
  SinkCheck check_;
  std::vector<std::string> faults_;
};

}  // namespace detail

/// Puts sinks made by `make_sink` to the test. Each check makes its own.
/// Returns: what is wrong, one sentence a fault; nothing when all is well.
/// Blocks: as long as the sink does. A sink that ignores a cancelled attempt for ever hangs here.
template <class Factory>
std::vector<std::string> check_sink(Factory make_sink, SinkCheck check = SinkCheck()) {
  return detail::SinkExam<Factory>(make_sink, std::move(check)).run();
}

}  // namespace hydrant::testing
