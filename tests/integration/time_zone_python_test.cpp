// SPDX-License-Identifier: MIT
//
// Holds local times against Python's zoneinfo, which reads the same files by
// itself: every time zone of the system, at random instants, at every change
// between 1970 and 2100, and long after the tables have ended.
#include <hydrant/core/system_zone_file.hpp>
#include <hydrant/object/time_zone.hpp>

#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run_program.hpp"
#include "test.hpp"

using hydrant::Result;
using hydrant::TimeZone;
using hydrant::tests::ProgramRun;
using hydrant::tests::run_program;

namespace {

// Reads "zone seconds" and prints "offset abbreviation". Python cannot see beyond 9999.
constexpr std::string_view program = R"(
import sys, zoneinfo
from datetime import datetime, timezone, timedelta
zero = datetime(1970, 1, 1, tzinfo=timezone.utc)
for line in sys.stdin:
    name, seconds = line.split()
    time = (zero + timedelta(seconds=int(seconds))).astimezone(zoneinfo.ZoneInfo(name))
    print(round(time.utcoffset().total_seconds()), time.tzname())
)";

struct Question {
  std::string zone;
  std::int64_t seconds;
};

std::vector<std::string> ask_python(const std::vector<Question>& questions) {
  std::string input;
  for (const Question& question : questions) {
    input += question.zone + " " + std::to_string(question.seconds) + "\n";
  }
  const ProgramRun run = run_program("python3 -c '" + std::string(program) + "'", input);
  std::vector<std::string> answers;
  std::istringstream lines(run.output);
  for (std::string line; std::getline(lines, line);) {
    answers.push_back(line);
  }
  return answers;
}

std::vector<std::string> zone_names() {
  const ProgramRun run = run_program(
      R"(python3 -c 'import zoneinfo; print(*sorted(zoneinfo.available_timezones()), sep="\n")')");
  std::vector<std::string> names;
  std::istringstream lines(run.output);
  for (std::string line; std::getline(lines, line);) {
    names.push_back(line);
  }
  return names;
}

std::string shown(const hydrant::detail::LocalTimeType& type) {
  return std::to_string(type.offset) + " " + type.abbreviation;
}

/// The seconds around each change of the offset in a range.
void add_changes(const TimeZone& zone, std::int64_t from, std::int64_t to,
                 std::vector<Question>& questions) {
  constexpr std::int64_t step = std::int64_t{5} * 86'400;
  for (std::int64_t at = from; at < to; at += step) {
    std::int64_t before = at;
    std::int64_t after = at + step;
    if (shown(zone.at(before)) == shown(zone.at(after))) {
      continue;
    }
    while (before + 1 < after) {
      const std::int64_t middle = before + (after - before) / 2;
      (shown(zone.at(middle)) == shown(zone.at(at)) ? before : after) = middle;
    }
    questions.push_back({zone.id(), before});
    questions.push_back({zone.id(), after});
    questions.push_back({zone.id(), after + 1});
  }
}

bool has_python() {
  return run_program("python3 -c 'import zoneinfo'").status == 0;
}

}  // namespace

TEST_CASE("time zone knows what Python knows of every zone of the system",
          "[integration][time_zone]") {
  if (!has_python()) {
    HYDRANT_SKIP("python3 with zoneinfo is not installed");
  }
  if (!hydrant::read_system_zone_file("Europe/Berlin")) {
    HYDRANT_SKIP("the system has no time zones (tzdata)");
  }
  constexpr std::int64_t year_1902 = -2'145'916'800;  // tables begin about here
  constexpr std::int64_t year_2100 = 4'102'444'800;
  constexpr std::int64_t year_9000 = 221'845'219'200;
  std::mt19937_64 random(19'700'101);
  std::vector<TimeZone> zones;
  std::vector<Question> questions;
  for (const std::string& name : zone_names()) {
    Result<TimeZone> zone = TimeZone::find(name, &hydrant::read_system_zone_file);
    CAPTURE(name);
    REQUIRE(zone);
    for (int i = 0; i < 20; ++i) {
      const std::int64_t end = i % 2 == 0 ? year_2100 : year_9000;
      const auto range = static_cast<std::uint64_t>(end - year_1902);
      questions.push_back(
          {zone.value().id(), year_1902 + static_cast<std::int64_t>(random() % range)});
    }
    add_changes(zone.value(), year_1902, year_2100, questions);
    zones.push_back(std::move(zone.value()));
  }

  const std::vector<std::string> answers = ask_python(questions);

  REQUIRE(answers.size() == questions.size());
  REQUIRE(questions.size() > 50'000);
  std::size_t differences = 0;
  std::size_t index = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    while (zones[index].id() != questions[i].zone) {
      ++index;
    }
    const std::string here = shown(zones[index].at(questions[i].seconds));
    if (here != answers[i] && ++differences < 20) {
      WARN(questions[i].zone << " at " << questions[i].seconds << ": python \"" << answers[i]
                             << "\", here \"" << here << "\"");
    }
  }
  REQUIRE(differences == 0);
}
