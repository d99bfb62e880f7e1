// SPDX-License-Identifier: MIT
#include <hydrant/testing/oracle.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"

using hydrant::Ledger;
using hydrant::PutStatus;
using hydrant::WaitStatus;
using hydrant::testing::make_record;
using hydrant::testing::Oracle;
using hydrant::testing::OracleRules;
using hydrant::testing::RecordName;
using hydrant::testing::Survives;

namespace {

const std::string first = make_record({1, 1}, 20);
const std::string second = make_record({1, 2}, 20);

/// An oracle that has heard of both records being accepted.
Oracle oracle_of_two(OracleRules rules = OracleRules()) {
  Oracle oracle(std::move(rules));
  oracle.putting(first);
  oracle.putting(second);
  oracle.put(first, PutStatus::accepted);
  oracle.put(second, PutStatus::accepted);
  return oracle;
}

void deliver(Oracle& oracle, std::string_view record) {
  oracle.committed({"key", record, false, true});
}

}  // namespace

TEST_CASE("numbered records carry their names", "[testing][oracle]") {
  REQUIRE(RecordName::of(make_record({3, 17}, 40)) == RecordName{3, 17});
  REQUIRE(make_record({3, 17}, 40).size() == 40);
  REQUIRE(make_record({3, 17}, 0) == "3:17:");
  REQUIRE_FALSE(RecordName::of("3:"));
  REQUIRE_FALSE(RecordName::of("x"));
}

TEST_CASE("oracle is content when all is delivered", "[testing][oracle]") {
  Oracle oracle = oracle_of_two();
  oracle.check(Ledger{.accepted = 2, .in_memory = 2});

  deliver(oracle, first);
  deliver(oracle, second);
  oracle.ended(first, WaitStatus::delivered);
  oracle.ended(second, WaitStatus::delivered);
  oracle.check_end_of_life(Ledger{.accepted = 2, .delivered = 2});
  oracle.finish();

  REQUIRE(oracle.faults().empty());
}

TEST_CASE("oracle knows nothing of a put that was not answered", "[testing][oracle]") {
  Oracle arriving({});
  arriving.putting(first);
  deliver(arriving, first);
  arriving.finish();
  Oracle missing({});
  missing.putting(first);
  missing.finish();
  Oracle refused({});
  refused.putting(first);
  deliver(refused, first);
  refused.put(first, PutStatus::buffer_full);

  REQUIRE(arriving.faults().empty());
  REQUIRE(missing.faults().empty());
  REQUIRE(refused.faults() == std::vector<std::string>{first + ": refused, and has arrived"});
}

TEST_CASE("oracle misses a record that is gone", "[testing][oracle]") {
  Oracle oracle = oracle_of_two();
  deliver(oracle, first);

  oracle.finish();

  REQUIRE(oracle.faults() == std::vector<std::string>{second + ": accepted, and gone"});
}

TEST_CASE("oracle forgives what a crash may take, and nothing else", "[testing][oracle]") {
  Oracle forgiving = oracle_of_two();
  forgiving.made_durable(first);
  forgiving.crashed(Survives::what_was_durable, Ledger{});
  forgiving.finish();

  Oracle strict = oracle_of_two();
  strict.crashed(Survives::everything, Ledger{});
  strict.finish();

  REQUIRE(forgiving.faults() == std::vector<std::string>{first + ": accepted, and gone"});
  REQUIRE(strict.faults().size() == 2);
}

TEST_CASE("oracle notices what was never put, and what was changed", "[testing][oracle]") {
  Oracle oracle = oracle_of_two();

  deliver(oracle, make_record({1, 3}, 20));
  deliver(oracle, first.substr(0, 19) + "?");
  deliver(oracle, "what?");

  REQUIRE(oracle.faults().size() == 3);
}

TEST_CASE("oracle notices a record that comes again after it was confirmed", "[testing][oracle]") {
  Oracle oracle = oracle_of_two();
  oracle.committed({"key", first, false, false});
  deliver(oracle, first);
  REQUIRE(oracle.faults().empty());

  deliver(oracle, first);

  REQUIRE(oracle.faults() ==
          std::vector<std::string>{first + ": sent again after it was confirmed"});
}

TEST_CASE("oracle notices a second copy where there may be one", "[testing][oracle]") {
  Oracle oracle = oracle_of_two({.exactly_once = true});
  oracle.committed({"key", first, false, false});
  oracle.committed({"key", first, true, true});
  REQUIRE(oracle.faults().empty());
  oracle.crashed(Survives::everything, Ledger{});

  deliver(oracle, first);

  REQUIRE(oracle.faults() == std::vector<std::string>{first + ": delivered twice"});
}

TEST_CASE("oracle notices records that overtake", "[testing][oracle]") {
  Oracle oracle = oracle_of_two({.keeps_order = true});

  deliver(oracle, second);
  deliver(oracle, first);

  REQUIRE(oracle.faults() ==
          std::vector<std::string>{first + ": overtaken by a later one of its producer"});
}

TEST_CASE("oracle notices books that do not fit what it has seen", "[testing][oracle]") {
  Oracle unbalanced = oracle_of_two();
  unbalanced.check(Ledger{.accepted = 2, .in_memory = 1});
  Oracle boastful = oracle_of_two();
  boastful.check(Ledger{.accepted = 2, .delivered = 1, .in_memory = 1});
  Oracle mistaken = oracle_of_two();
  mistaken.ended(first, WaitStatus::delivered);

  REQUIRE(unbalanced.faults().size() == 1);
  REQUIRE(boastful.faults().size() == 1);
  REQUIRE(mistaken.faults() == std::vector<std::string>{first + ": called delivered, and is not"});
}

TEST_CASE("oracle expects each output of a record, or its dead letter", "[testing][oracle]") {
  Oracle oracle = oracle_of_two({.outputs_of = [](const RecordName&) { return 2u; }});
  deliver(oracle, first + "#1");
  oracle.dead_lettered(second, false, true);

  oracle.finish();

  REQUIRE(oracle.faults() == std::vector<std::string>{first + ": accepted, and gone"});
}
