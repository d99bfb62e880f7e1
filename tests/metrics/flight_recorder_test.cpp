// SPDX-License-Identifier: MIT
#include <hydrant/metrics/flight_recorder.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "allocation_count.hpp"
#include "test.hpp"

using hydrant::Event;
using hydrant::EventKind;
using hydrant::FlightRecorder;
using hydrant::SteadyTime;
using hydrant::WallTime;
using namespace std::chrono_literals;

namespace {

constexpr WallTime some_day{std::chrono::milliseconds(1'795'342'530'123)};

std::string kept_text(std::string_view text) {
  FlightRecorder recorder(1);
  recorder.note({}, some_day, EventKind::flush, 0, 0, text);
  return std::string(recorder.events().at(0).text());
}

}  // namespace

TEST_CASE("a flight recorder remembers the latest events in order", "[metrics][flight_recorder]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::size_t capacity = random() % 20;
    FlightRecorder recorder(capacity);
    std::deque<std::uint64_t> model;
    const std::uint64_t notes = random() % 100;
    for (std::uint64_t batch = 1; batch <= notes; ++batch) {
      recorder.note(SteadyTime(std::chrono::nanoseconds(batch)), some_day,
                    EventKind::batch_finished, batch);
      model.push_back(batch);
      if (model.size() > capacity) {
        model.pop_front();
      }
    }

    std::vector<std::uint64_t> remembered;
    for (const Event& event : recorder.events()) {
      REQUIRE(event.at == SteadyTime(std::chrono::nanoseconds(event.batch)));
      remembered.push_back(event.batch);
    }

    REQUIRE(remembered == std::vector<std::uint64_t>(model.begin(), model.end()));
    REQUIRE(recorder.noted() == notes);
  }
}

TEST_CASE("a flight recorder explains each event in one line", "[metrics][flight_recorder]") {
  FlightRecorder recorder;
  recorder.note({}, some_day, EventKind::opened);
  recorder.note({}, some_day + 1ms, EventKind::retry_scheduled, 7, 500,
                "directory: put lake/a: no space left");
  recorder.note({}, some_day + 1877ms, EventKind::lost, 0, 1, "close_deadline");
  REQUIRE(recorder.explain() ==
          "2026-11-22T10:15:30.123Z opened\n"
          "2026-11-22T10:15:30.124Z batch 7 retry_scheduled (500 records): directory: put lake/a: "
          "no space left\n"
          "2026-11-22T10:15:32.000Z lost (1 record): close_deadline\n");
}

TEST_CASE("a flight recorder says how much it has forgotten", "[metrics][flight_recorder]") {
  FlightRecorder recorder(1);
  recorder.note({}, some_day, EventKind::opened);
  recorder.note({}, some_day, EventKind::flush);
  recorder.note({}, some_day, EventKind::close);
  REQUIRE(recorder.explain() ==
          "(2 earlier events are forgotten)\n2026-11-22T10:15:30.123Z close\n");
}

TEST_CASE("a flight recorder writes times before 1970 and leap days",
          "[metrics][flight_recorder]") {
  const auto written = [](std::int64_t milliseconds) {
    return hydrant::to_text(Event{.wall = WallTime(std::chrono::milliseconds(milliseconds))});
  };
  REQUIRE(written(0) == "1970-01-01T00:00:00.000Z opened");
  REQUIRE(written(-1) == "1969-12-31T23:59:59.999Z opened");
  REQUIRE(written(1'709'251'199'999) == "2024-02-29T23:59:59.999Z opened");
}

TEST_CASE("a flight recorder keeps the front and the end of a text that is too long",
          "[metrics][flight_recorder]") {
  constexpr std::size_t max = Event::text_size_max;
  const std::string path(100, 'p');
  const std::string reason = ": No space left on device, no retry time left (attempt 12)";
  REQUIRE(kept_text(std::string(max - 1, 'a')) == std::string(max - 1, 'a'));
  REQUIRE(kept_text(std::string(max, 'a')) == std::string(max, 'a'));

  const std::string kept = kept_text("put " + path + std::string(max, 'x') + reason);

  REQUIRE(kept.size() == max);
  REQUIRE(kept.starts_with("put " + path));
  REQUIRE(kept.find("x ... x") != std::string::npos);
  REQUIRE(kept.ends_with(reason));
}

TEST_CASE("a flight recorder cuts no character in two", "[metrics][flight_recorder]") {
  for (const std::string character : {"\u00e9", "\u20ac", "\U0001f600"}) {
    for (std::size_t before = 0; before < character.size(); ++before) {
      for (std::size_t after = 0; after < character.size(); ++after) {
        CAPTURE(character, before, after);
        std::string text(before, 'a');
        for (int i = 0; i < 300; ++i) {
          text += character;
        }
        text += std::string(after, 'z');

        const std::string kept = kept_text(text);

        const std::size_t gap = kept.find(" ... ");
        const std::string front = kept.substr(before, gap - before);
        const std::string end = kept.substr(gap + 5, kept.size() - gap - 5 - after);
        REQUIRE(kept.size() + 2 * character.size() > Event::text_size_max);
        for (const std::string& part : {front, end}) {
          REQUIRE(!part.empty());
          REQUIRE(part.size() % character.size() == 0);
          REQUIRE(part == text.substr(before, part.size()));
        }
      }
    }
  }
}

TEST_CASE("a flight recorder keeps as much as fits of what is not UTF-8",
          "[metrics][flight_recorder]") {
  REQUIRE(kept_text(std::string(400, '\x80')).size() == Event::text_size_max);
}

TEST_CASE("a flight recorder keeps an event on one line", "[metrics][flight_recorder]") {
  REQUIRE(kept_text("a\nb\r\n\tc") == "a b   c");
}

TEST_CASE("a flight recorder allocates nothing when it notes", "[metrics][flight_recorder]") {
  FlightRecorder recorder;
  const std::string text(1000, 'a');
  const std::uint64_t before = hydrant::tests::allocation_count;

  for (std::uint64_t batch = 0; batch < 2000; ++batch) {
    recorder.note({}, some_day, EventKind::batch_finished, batch, 1, text);
  }

  const std::uint64_t after = hydrant::tests::allocation_count;
  REQUIRE(after - before == 0);
}

TEST_CASE("every kind of event has a name of its own", "[metrics][flight_recorder]") {
  REQUIRE(hydrant::to_text(EventKind::opened) == "opened");
  REQUIRE(hydrant::to_text(EventKind::overflow) == "overflow");
  REQUIRE(hydrant::to_text(EventKind::sink_overstayed) == "sink_overstayed");
  REQUIRE(hydrant::to_text(EventKind::forked) == "forked");
  REQUIRE(hydrant::to_text(static_cast<EventKind>(17)) == "unknown");
}
