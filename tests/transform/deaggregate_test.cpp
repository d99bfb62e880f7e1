// SPDX-License-Identifier: MIT
#include <hydrant/transform/append_delimiter.hpp>
#include <hydrant/transform/deaggregate.hpp>
#include <hydrant/transform/pipe.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "collecting_emitter.hpp"
#include "test.hpp"

using hydrant::append_delimiter;
using hydrant::deaggregate_delimited;
using hydrant::deaggregate_json;
using hydrant::OptionsError;
using hydrant::Outcome;
using hydrant::tests::run;
using hydrant::tests::Texts;
using Kind = hydrant::Outcome::Kind;

namespace {

Texts objects_in(std::string_view text) {
  auto ran = run(deaggregate_json(), text);
  REQUIRE(ran.outcome.kind() == Kind::ok);
  return ran.records;
}

std::string reason(std::string_view text) {
  const auto ran = run(deaggregate_json(), text);
  REQUIRE((ran.outcome.is_failed() ? ran.outcome.code() : "") == "RecordDeAggregation.ParseError");
  return std::string(ran.outcome.reason());
}

std::string random_object(std::mt19937_64& random) {
  std::string text = "{\"n\":" + std::to_string(random() % 1000);
  if (random() % 2 == 0) {
    text += R"(, "s":"}{\"[\\", "deep":[{"a":[1,{}]}])";
  }
  return text + "}";
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

template <class Make>
std::string faults_of(Make make) {
  try {
    static_cast<void>(make());
  } catch (const OptionsError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("deaggregate_json gives each object, however they are put together",
          "[transform][deaggregate]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Texts objects;
    std::string record;
    for (std::uint64_t left = random() % 30; left > 0; --left) {
      while (random() % 2 == 0) {
        record += " \n\r\t"[random() % 4];
      }
      objects.push_back(random_object(random));
      record += objects.back();
    }
    record += random() % 2 == 0 ? "\n" : "";

    REQUIRE(objects_in(record) == objects);
  }
}

TEST_CASE("deaggregate_json takes the guide's own examples", "[transform][deaggregate]") {
  REQUIRE(objects_in(R"({"a":1}{"a":2})") == Texts{R"({"a":1})", R"({"a":2})"});
  REQUIRE(objects_in("{\"a\":1}\n{\"a\":2}") == Texts{R"({"a":1})", R"({"a":2})"});
  REQUIRE(reason(R"([{"a":1}, {"a":2}])") ==
          "deaggregate_json: at byte 0 no JSON object begins (put objects only, one after the "
          "other or one a line)");
}

TEST_CASE("deaggregate_json keeps an object's bytes as they are", "[transform][deaggregate]") {
  const std::string object = "{ \"a\" :\n [ 1.0e5 , \"\\u00e9\" ] }";
  REQUIRE(objects_in(" " + object + "\r\n") == Texts{object});
}

TEST_CASE("deaggregate_json drops a record of nothing", "[transform][deaggregate]") {
  REQUIRE(objects_in("").empty());
  REQUIRE(objects_in(" \r\n\t").empty());
}

TEST_CASE("deaggregate_json fails the whole record where anything is wrong in it",
          "[transform][deaggregate]") {
  REQUIRE(reason(R"({"a":1},{"a":2})").find("at byte 7 no JSON object begins") !=
          std::string::npos);
  REQUIRE(reason(R"({"a":1}{"a":})").find("at byte 12 a JSON object goes wrong") !=
          std::string::npos);
  REQUIRE(reason(R"({"a":1} 5)").find("at byte 8 no JSON object begins") != std::string::npos);
  REQUIRE(reason("{\"secret\":\"x\n\"}").find("secret") == std::string::npos);
  static_cast<void>(reason("plain text"));
  static_cast<void>(reason("{"));
  static_cast<void>(reason("\"{}\""));
}

TEST_CASE("deaggregation stops at 500 records, or where it was told to",
          "[transform][deaggregate]") {
  const auto count = [](auto transform, std::string_view one, std::size_t records) {
    auto ran = run(transform, repeated(one, records));
    return ran.outcome.is_failed()
               ? std::string(ran.outcome.code()) + ": " + std::string(ran.outcome.reason())
               : std::to_string(ran.records.size());
  };
  const std::string exceeded =
      "DynamicPartitioning.DeAggregationRecordCountLimitExceeded: Firehose did not de-aggregate "
      "the records because the count of split records exceeded limit of ";
  REQUIRE(count(deaggregate_json(), "{}\n", 499) == "499");
  REQUIRE(count(deaggregate_json(), "{}\n", 500) == "500");
  REQUIRE(count(deaggregate_json(), "{}\n", 501) == exceeded + "500.");
  REQUIRE(count(deaggregate_json({.records_max = 1}), "{}", 2) == exceeded + "1.");
  REQUIRE(count(deaggregate_json({.records_max = 100'000}), "{}", 100'000) == "100000");
  REQUIRE(count(deaggregate_delimited("Cg=="), "a\n", 500) == "500");
  REQUIRE(count(deaggregate_delimited("Cg=="), "a\n", 501) == exceeded + "500.");
  REQUIRE(count(deaggregate_delimited("Cg==", {.records_max = 2}), "a\n", 3) == exceeded + "2.");
}

TEST_CASE("deaggregate_delimited gives what each delimiter ends, and the rest",
          "[transform][deaggregate]") {
  const auto split = [](std::string_view text) {
    auto ran = run(deaggregate_delimited("IyMjIw=="), text);
    REQUIRE(ran.outcome.kind() == Kind::ok);
    return ran.records;
  };
  REQUIRE(split("a####b####c") == Texts{"a", "b", "c"});
  REQUIRE(split("a####b####") == Texts{"a", "b"});
  REQUIRE(split("a") == Texts{"a"});
  REQUIRE(split("").empty());
  REQUIRE(split("####") == Texts{""});
  REQUIRE(split("####a") == Texts{"", "a"});
  REQUIRE(split("a########b") == Texts{"a", "", "b"});
  REQUIRE(split("a###b") == Texts{"a###b"});
  REQUIRE(split("#####a") == Texts{"", "#a"});
}

TEST_CASE("deaggregate_delimited loses no byte", "[transform][deaggregate]") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string record(random() % 60, '\0');
    for (char& byte : record) {
      byte = "ab"[random() % 2];
    }
    std::string joined;
    for (const std::string& part : run(deaggregate_delimited("YWI="), record).records) {
      REQUIRE(part.find("ab") == std::string::npos);
      joined += part + "ab";
    }
    REQUIRE((joined == record || joined == record + "ab"));
  }
}

TEST_CASE("deaggregate_delimited takes any bytes for a delimiter", "[transform][deaggregate]") {
  const auto split = deaggregate_delimited("AP8=");
  REQUIRE(run(split, std::string_view("a\0\xff"
                                      "b\0c",
                                      6))
              .records == Texts{"a", std::string("b\0c", 3)});
}

TEST_CASE("deaggregation says which options are wrong", "[transform][deaggregate]") {
  REQUIRE(faults_of([] { return deaggregate_json({.records_max = 0}); }) ==
          "hydrant: 1 fault in the options of deaggregate_json:\n"
          "  deaggregation.records_max   must be within [1, 1024000], is 0");
  REQUIRE(faults_of([] { return deaggregate_json({.records_max = 1}); }).empty());
  REQUIRE(faults_of([] { return deaggregate_json({.records_max = 1'023'999}); }).empty());
  REQUIRE(faults_of([] { return deaggregate_json({.records_max = 1'024'000}); }).empty());
  REQUIRE_FALSE(faults_of([] { return deaggregate_json({.records_max = 1'024'001}); }).empty());
  REQUIRE(faults_of([] { return deaggregate_delimited("####", {.records_max = 0}); }) ==
          "hydrant: 2 faults in the options of deaggregate_delimited:\n"
          "  delimiter                   must be base64 of 1 to 5120 characters, as \"Cg==\" for a "
          "new line, is \"####\"\n"
          "  deaggregation.records_max   must be within [1, 1024000], is 0");
  REQUIRE_FALSE(faults_of([] { return deaggregate_delimited(""); }).empty());
  REQUIRE_FALSE(faults_of([] { return deaggregate_delimited("\n"); }).empty());
  REQUIRE(faults_of([] { return deaggregate_delimited(std::string(5'120, 'A')); }).empty());
  REQUIRE_FALSE(faults_of([] { return deaggregate_delimited(std::string(5'124, 'A')); }).empty());
}

TEST_CASE("append_delimiter ends every record, one that ends so too", "[transform][delimiter]") {
  REQUIRE(run(append_delimiter(), "a").records == Texts{"a\n"});
  REQUIRE(run(append_delimiter(), "a\n").records == Texts{"a\n\n"});
  REQUIRE(run(append_delimiter(), "").records == Texts{"\n"});
  REQUIRE(run(append_delimiter("\r\n"), "a").records == Texts{"a\r\n"});
  REQUIRE(run(append_delimiter(), "a").outcome.kind() == Kind::ok);
}

TEST_CASE("append_delimiter takes delimiters of 1 to 64 bytes", "[transform][delimiter]") {
  const auto faults = [](std::size_t size) {
    return faults_of([size] { return append_delimiter(std::string(size, '|')); });
  };
  REQUIRE(faults(0) ==
          "hydrant: 1 fault in the options of append_delimiter:\n"
          "  delimiter   must be 1 to 64 bytes long, is 0 bytes");
  REQUIRE(faults(1).empty());
  REQUIRE(faults(2).empty());
  REQUIRE(faults(63).empty());
  REQUIRE(faults(64).empty());
  REQUIRE_FALSE(faults(65).empty());
}

TEST_CASE("append_delimiter leaves a record alone for which there is no room",
          "[transform][delimiter]") {
  struct NoRoom final : hydrant::Emitter {
    void do_emit(std::span<const std::byte>) override { ++emitted; }

    std::span<char> do_reserve(std::size_t) override { return {}; }

    void do_commit(std::size_t) override { ++emitted; }

    int emitted = 0;
  };

  NoRoom out;

  const Outcome outcome = append_delimiter()(hydrant::tests::source_record("a"), out);

  REQUIRE(outcome.kind() == Kind::ok);
  REQUIRE(out.emitted == 0);
}

TEST_CASE("de-aggregated records go through the stages behind", "[transform][deaggregate]") {
  REQUIRE(run(deaggregate_json() | append_delimiter(), R"({"a":1}{"a":2})").records ==
          Texts{"{\"a\":1}\n", "{\"a\":2}\n"});
  REQUIRE(run(deaggregate_delimited("Cg==") | deaggregate_json(), "{}{}\n{}").records ==
          Texts{"{}", "{}", "{}"});
}
