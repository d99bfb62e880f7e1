// SPDX-License-Identifier: MIT
//
// Holds what patterns print against java.time.format.DateTimeFormatter itself,
// and what is refused against what Java refuses.
#include <hydrant/core/system_zone_file.hpp>
#include <hydrant/object/time_pattern.hpp>

#include <chrono>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "run_program.hpp"
#include "test.hpp"

using hydrant::TimeZone;
using hydrant::WallTime;
using hydrant::detail::LocalTime;
using hydrant::detail::TimePattern;
using hydrant::tests::ProgramRun;
using hydrant::tests::run_program;

namespace {

// Reads "milliseconds <tab> zone <tab> pattern" and prints the text, or why there is none.
constexpr std::string_view program = R"(
import java.io.*;
import java.time.*;
import java.time.format.*;
import java.util.*;
public class Dates {
  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    StringBuilder out = new StringBuilder();
    for (String line; (line = in.readLine()) != null; ) {
      String[] parts = line.split("\t", -1);
      ZonedDateTime time = Instant.ofEpochMilli(Long.parseLong(parts[0])).atZone(ZoneId.of(parts[1]));
      try {
        out.append(DateTimeFormatter.ofPattern(parts[2], Locale.US).format(time)).append("\n");
      } catch (RuntimeException e) {  // also from within: Java takes yyyyyyyyyyy, and then breaks
        out.append("refused\n");
      }
    }
    System.out.print(out);
  }
}
)";

struct Question {
  std::int64_t milliseconds;
  std::string zone;
  std::string pattern;
};

std::vector<std::string> ask_java(const std::vector<Question>& questions) {
  std::string input;
  for (const Question& question : questions) {
    input += std::to_string(question.milliseconds) + "\t" + question.zone + "\t" +
             question.pattern + "\n";
  }
  const ProgramRun run = run_program("d=$(mktemp -d) && printf '%s' '" + std::string(program) +
                                         "' > $d/Dates.java && java $d/Dates.java; rm -r $d",
                                     input);
  std::vector<std::string> answers;
  std::istringstream lines(run.output);
  for (std::string line; std::getline(lines, line);) {
    answers.push_back(line);
  }
  return answers;
}

/// Patterns of random letters, sometimes too many, with text between them.
std::string random_pattern(std::mt19937_64& random) {
  constexpr std::string_view letters = "GuyYDMLdQqwWEecahKkHmsSAnNVOXxZ";
  constexpr std::string_view others = "/-_.:, =+@(){}#[]'";
  std::string pattern;
  const std::uint64_t parts = 1 + random() % 6;
  for (std::uint64_t i = 0; i < parts; ++i) {
    const char letter = letters[random() % letters.size()];
    const std::uint64_t usual = random() % 8 == 0 ? 12 : 5;
    pattern.append(letter == 'V' ? 2 : 1 + random() % usual, letter);
    switch (random() % 6) {
      case 0:
        pattern += "'it''s'";
        break;
      case 1:
        pattern += "''";
        break;
      case 2:
        pattern += others[random() % others.size()];
        break;
      default:
        pattern += '/';
    }
  }
  return pattern;
}

std::string shown(const Question& question) {
  hydrant::Result<TimeZone> zone = TimeZone::find(question.zone, &hydrant::read_system_zone_file);
  const TimePattern pattern(question.pattern);
  if (!zone || pattern.fault() != nullptr) {
    return zone ? "refused" : zone.failure().message;
  }
  std::string text;
  const WallTime time{std::chrono::milliseconds(question.milliseconds)};
  pattern.append_to(text, LocalTime(time, zone.value()));
  return text;
}

std::size_t count_of_differences(const std::vector<Question>& questions) {
  const std::vector<std::string> answers = ask_java(questions);
  if (answers.size() != questions.size()) {
    WARN("java gave " << answers.size() << " answers to " << questions.size()
                      << " questions: " << (answers.empty() ? std::string() : answers.back()));
    return 1;
  }
  std::size_t differences = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (shown(questions[i]) != answers[i] && ++differences < 10) {
      WARN(questions[i].pattern << " at " << questions[i].milliseconds << " in "
                                << questions[i].zone << ": java \"" << answers[i] << "\", here \""
                                << shown(questions[i]) << "\"");
    }
  }
  return differences;
}

bool has_java() {
  return run_program("command -v java && command -v javac").status == 0;
}

bool has_zones() {
  return static_cast<bool>(hydrant::read_system_zone_file("Europe/Berlin"));
}

}  // namespace

TEST_CASE("time pattern prints and refuses what Java prints and refuses",
          "[integration][time_pattern]") {
  if (!has_java()) {
    HYDRANT_SKIP("java with its compiler is not installed");
  }
  if (!has_zones()) {
    HYDRANT_SKIP("the system has no time zones (tzdata)");
  }
  const std::vector<std::string> zones{"UTC",
                                       "Z",
                                       "GMT",
                                       "UT",
                                       "GMT+9",
                                       "UTC-03:30",
                                       "+05:45",
                                       "-00:00:45",
                                       "+01:02:03",
                                       "+00:30",
                                       "-11",
                                       "+18",
                                       "+0930",
                                       "Asia/Tokyo",
                                       "UTC+0",
                                       "-12:00",
                                       "Asia/Kolkata",
                                       "Europe/Berlin",
                                       "America/New_York"};
  std::mt19937_64 random(20'180'827);
  std::vector<Question> questions;
  for (int i = 0; i < 30'000; ++i) {
    Question question;
    question.pattern = random_pattern(random);
    question.zone = zones[random() % zones.size()];
    // 1975 to 2035; or, in zones that are the same for ever, from 9999 B.C. to the year 99999.
    question.milliseconds =
        157'766'400'000 + static_cast<std::int64_t>(random() % 1'893'456'000'000);
    if (random() % 5 == 0) {
      question.zone = zones[random() % 13];
      question.milliseconds =
          -377'000'000'000'000 + static_cast<std::int64_t>(random() % 3'400'000'000'000'000);
    }
    questions.push_back(question);
  }

  REQUIRE(count_of_differences(questions) == 0);
}

TEST_CASE("time pattern prints every letter on every day of some years as Java does",
          "[integration][time_pattern]") {
  if (!has_java()) {
    HYDRANT_SKIP("java with its compiler is not installed");
  }
  std::vector<Question> questions;
  for (std::int64_t day = 10'957 - 366; day < 10'957 + 8 * 366; ++day) {
    questions.push_back(
        {day * 86'400'000 + day * 12'345'678 % 86'400'000, "UTC",
         "G GGGG GGGGG u uu uuu uuuu y yy yyyy Y YY YYYY D DD DDD M MM MMM MMMM "
         "MMMMM L LL LLL LLLL LLLLL d dd Q QQ QQQ QQQQ QQQQQ q qq qqq qqqq qqqqq w "
         "ww W E EE EEE EEEE EEEEE e ee eee eeee eeeee c ccc cccc ccccc a h hh K KK "
         "k kk H HH m mm s ss S SSS SSSSSSSSS A n N VV O OOOO X XX XXX XXXX XXXXX "
         "x xx xxx xxxx xxxxx Z ZZ ZZZ ZZZZ ZZZZZ"});
  }

  REQUIRE(count_of_differences(questions) == 0);
}

TEST_CASE("time pattern calls the time zones of many people by the names that Java gives them",
          "[integration][time_pattern]") {
  if (!has_java()) {
    HYDRANT_SKIP("java with its compiler is not installed");
  }
  if (!has_zones()) {
    HYDRANT_SKIP("the system has no time zones (tzdata)");
  }
  std::vector<Question> questions;
  for (const char* zone : {"UTC", "+09:00", "GMT+9", "Asia/Tokyo", "Europe/Berlin", "Asia/Kolkata",
                           "America/New_York", "America/Los_Angeles", "America/Chicago"}) {
    for (std::int64_t month = 0; month < 12; ++month) {
      questions.push_back({1'736'899'200'000 + month * 2'628'000'000, zone, "z zz zzz"});
    }
  }

  REQUIRE(count_of_differences(questions) == 0);
}

TEST_CASE("time pattern refuses what Java takes only where it says so",
          "[integration][time_pattern]") {
  if (!has_java()) {
    HYDRANT_SKIP("java with its compiler is not installed");
  }
  std::vector<Question> questions;
  for (char letter = 'A'; letter <= 'z'; ++letter) {
    for (std::size_t count = 1; (letter <= 'Z' || letter >= 'a') && count <= 20; ++count) {
      questions.push_back({1'535'365'800'000, "UTC", std::string(count, letter)});
    }
  }
  const std::vector<std::string> answers = ask_java(questions);
  REQUIRE(answers.size() == questions.size());

  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::string& pattern = questions[i].pattern;
    // Newer than Firehose's Java, or of another meaning in newer ones, or names in many languages.
    const bool is_refused = std::string_view("BFgv").find(pattern.front()) != std::string::npos ||
                            pattern == "zzzz" || pattern.size() >= 19;
    CAPTURE(pattern);
    REQUIRE(
        (shown(questions[i]) == answers[i] || (is_refused && shown(questions[i]) == "refused")));
  }
}
