// SPDX-License-Identifier: MIT
#include <hydrant/transform/filter.hpp>
#include <hydrant/transform/identity.hpp>
#include <hydrant/transform/map.hpp>
#include <hydrant/transform/tap.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "collecting_emitter.hpp"
#include "test.hpp"

using hydrant::Emitter;
using hydrant::Outcome;
using hydrant::RecordView;
using hydrant::tests::run;
using hydrant::tests::Texts;
using Kind = hydrant::Outcome::Kind;

TEST_CASE("an outcome carries a reason and a code only when it failed", "[transform][outcome]") {
  REQUIRE(Outcome::ok().kind() == Kind::ok);
  REQUIRE(Outcome::ok().reason().empty());
  REQUIRE(Outcome::dropped().kind() == Kind::dropped);
  REQUIRE(Outcome::dropped().code().empty());

  const Outcome failed = Outcome::failed("not JSON");
  REQUIRE(failed.is_failed());
  REQUIRE(failed.reason() == "not JSON");
  REQUIRE(failed.code() == "Transform.ProcessingFailed");
  REQUIRE(Outcome::failed("r", "Lambda.MissingRecordId").code() == "Lambda.MissingRecordId");
}

TEST_CASE("an outcome fits into two registers", "[transform][outcome]") {
  REQUIRE(sizeof(Outcome) <= 16);
}

TEST_CASE("a lambda that captures is a Transform", "[transform]") {
  auto prefix = std::make_unique<std::string>("> ");
  auto quote = [prefix = std::move(prefix)](const RecordView& record, Emitter& out) {
    out.emit(*prefix + std::string(record.text()));
    return Outcome::ok();
  };
  static_assert(hydrant::Transform<decltype(quote)>);

  REQUIRE(run(std::move(quote), "a").records == Texts{"> a"});
}

TEST_CASE("a Transform is told from what is none", "[transform]") {
  auto returns_bool = [](const RecordView&, Emitter&) { return true; };
  auto takes_text = [](std::string_view) { return Outcome::ok(); };
  static_assert(!hydrant::Transform<decltype(returns_bool)>);
  static_assert(!hydrant::Transform<decltype(takes_text)>);
  static_assert(!hydrant::Transform<int>);
  static_assert(hydrant::Transform<Outcome (*)(const RecordView&, Emitter&)>);
  SUCCEED();
}

TEST_CASE("an emitter takes text, bytes and formatting in place", "[transform][emitter]") {
  auto all = [](const RecordView& record, Emitter& out) {
    out.emit("literal");
    out.emit(std::string("string"));
    out.emit(record.bytes());
    std::span<char> room = out.reserve(10);
    room[0] = 'i';
    room[1] = 'n';
    out.commit(2);
    return Outcome::ok();
  };
  REQUIRE(run(all, "bytes").records == Texts{"literal", "string", "bytes", "in"});
}

TEST_CASE("identity emits the record as it is", "[transform][identity]") {
  const std::string bytes("a\0\xff", 3);
  REQUIRE(run(hydrant::identity, bytes).records == Texts{bytes});
  static_assert(hydrant::is_identity<const hydrant::Identity&>);
  static_assert(!hydrant::is_identity<decltype(hydrant::tap([](RecordView) {}))>);
}

TEST_CASE("filter keeps what its predicate holds for and drops the rest", "[transform][filter]") {
  auto long_lines = hydrant::filter([](std::string_view line) { return line.size() > 2; });
  REQUIRE(run(long_lines, "abc").records == Texts{"abc"});
  const auto dropped = run(long_lines, "ab");
  REQUIRE(dropped.outcome.kind() == Kind::dropped);
  REQUIRE(dropped.records.empty());
}

TEST_CASE("filter hands the whole record to a predicate that takes it", "[transform][filter]") {
  auto known = hydrant::filter(
      [](const RecordView& record) { return record.id() == hydrant::tests::source_id; });
  REQUIRE(run(known, "a").records == Texts{"a"});
}

TEST_CASE("filter takes anything that converts to bool", "[transform][filter]") {
  auto even = hydrant::filter([](std::string_view line) { return line.size() % 2 == 0 ? 1 : 0; });
  REQUIRE(run(even, "ab").records == Texts{"ab"});
  REQUIRE(run(even, "a").records.empty());
}

TEST_CASE("map emits what its function returns", "[transform][map]") {
  const auto emitted = [](auto function) { return run(hydrant::map(function), "abc").records; };
  REQUIRE(emitted([](std::string_view text) { return text.substr(1); }) == Texts{"bc"});
  REQUIRE(emitted([](std::string_view text) { return std::string(text) + "d"; }) == Texts{"abcd"});
  REQUIRE(emitted([](const RecordView& record) { return record.bytes().first(1); }) == Texts{"a"});
  REQUIRE(emitted([](RecordView) { return "fixed"; }) == Texts{"fixed"});
  REQUIRE(emitted([](RecordView) { return std::vector<std::byte>(2, std::byte{'x'}); }) ==
          Texts{"xx"});
  REQUIRE(emitted([](RecordView) { return std::string_view(); }) == Texts{""});
}

TEST_CASE("map drops a record for which there is nothing", "[transform][map]") {
  auto field = hydrant::map([](std::string_view line) -> std::optional<std::string_view> {
    const std::size_t comma = line.find(',');
    return comma == line.npos ? std::nullopt : std::optional(line.substr(0, comma));
  });
  REQUIRE(run(field, "a,b").records == Texts{"a"});
  REQUIRE(run(field, "ab").outcome.kind() == Kind::dropped);
  REQUIRE(run(field, "ab").records.empty());
}

TEST_CASE("map returns a reference to what outlives the call", "[transform][map]") {
  const std::string constant = "constant";
  auto by_reference =
      hydrant::map([&](std::string_view) -> const std::string& { return constant; });
  REQUIRE(run(by_reference, "a").records == Texts{"constant"});
}

TEST_CASE("tap sees each record and changes none", "[transform][tap]") {
  Texts seen;
  auto spy = hydrant::tap([&seen](std::string_view text) { seen.emplace_back(text); });
  REQUIRE(run(spy, "abc").records == Texts{"abc"});
  REQUIRE(run(spy, "").records == Texts{""});
  REQUIRE(seen == Texts{"abc", ""});
}
