// SPDX-License-Identifier: MIT
#include <hydrant/core/put_result.hpp>

#include <array>
#include <set>
#include <string_view>
#include <type_traits>

#include "test.hpp"

using hydrant::PutResult;
using hydrant::PutStatus;
using hydrant::Ticket;

namespace {
constexpr std::array refusals{PutStatus::record_too_large, PutStatus::buffer_full,
                              PutStatus::closed, PutStatus::journal_failed};
}  // namespace

TEST_CASE("put result travels in two registers", "[core][put_result]") {
  STATIC_REQUIRE(sizeof(PutResult) == 16);
  STATIC_REQUIRE(std::is_trivially_copyable_v<PutResult>);
}

TEST_CASE("put result of a ticket is accepted and gives it back", "[core][put_result]") {
  const PutResult result(Ticket{.sequence = 0xffff'ffff'ffffull, .shard = 7});

  CHECK(result);
  CHECK(result.status() == PutStatus::accepted);
  CHECK(result.ticket() == Ticket{.sequence = 0xffff'ffff'ffffull, .shard = 7});
}

TEST_CASE("put result of any refusal is false and keeps its status", "[core][put_result]") {
  for (const PutStatus status : refusals) {
    const PutResult result(status);

    CHECK_FALSE(result);
    CHECK(result.status() == status);
  }
}

TEST_CASE("every put status has its own sentence", "[core][put_result]") {
  std::set<std::string_view> sentences{to_text(PutStatus::accepted)};

  for (const PutStatus status : refusals) {
    CHECK(PutResult(status).reason() == to_text(status));
    sentences.insert(to_text(status));
  }

  CHECK(sentences.size() == 1 + refusals.size());
  CHECK(sentences.count("unknown") == 0);
}
