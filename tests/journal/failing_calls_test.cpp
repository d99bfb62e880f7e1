// SPDX-License-Identifier: MIT
//
// Every call that a journal makes to the file system fails once, in turn. What
// is left behind must not confuse the next life, and no record may be lost.
#include <hydrant/journal/journal.hpp>

#include <cerrno>

#include "journal/journal_lives.hpp"
#include "test.hpp"

namespace {

using namespace hydrant::tests;
using hydrant::testing::ManualEnv;
using Texts = std::multiset<std::string>;

const Texts all_records{"a0", "a1", "a2", "a3"};

/// The n-th call from here on fails, as long as this lives.
class Fault {
 public:
  Fault(const ManualEnv& env, std::uint64_t n)
      : files_(&env.memory_files()), failing_(files_->call_count() + n) {
    files_->fail_call(n, EIO);
  }

  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;

  ~Fault() { files_->fail_call(0); }

  bool has_struck() const { return files_->call_count() >= failing_; }

 private:
  hydrant::testing::MemoryFiles* files_;
  std::uint64_t failing_;
};

void expect_nothing_left(const ManualEnv& env) {
  const auto journal = std::move(open_journal(env).value());
  FoundSpools found = find(*journal);
  found.end_all();
  REQUIRE(found.trouble.empty());
  REQUIRE(env.files().list(journal_top).value() == std::vector<std::string>{"lock"});
}

}  // namespace

TEST_CASE("a journal whose beginning fails at any call says so and works the next time",
          "[journal][failing_calls]") {
  bool has_struck = true;
  for (std::uint64_t n = 1; has_struck; ++n) {
    CAPTURE(n);
    const ManualEnv env;
    {
      const Fault fault(env, n);
      auto opened = open_journal(env);
      if (!opened) {
        REQUIRE_FALSE(opened.failure().message.empty());
        continue;
      }
      begin_life(*opened.value(), 1);
      const bool went_well = put_chunk(*opened.value(), {.records = {"a"}, .epoch = 1}) != nullptr;
      has_struck = fault.has_struck();
      REQUIRE(went_well == !has_struck);
      REQUIRE(opened.value()->take_trouble().empty() == !has_struck);
      env.memory_files().fail_call(0);
      env.advance(std::chrono::seconds(1));
      REQUIRE(put_chunk(*opened.value(), {.records = {"b"}, .epoch = 1}) != nullptr);
    }
    expect_nothing_left(env);
  }
}

TEST_CASE("a journal whose search for earlier lives fails at any call loses no record of theirs",
          "[journal][failing_calls]") {
  bool has_struck = true;
  for (std::uint64_t n = 1; has_struck; ++n) {
    CAPTURE(n);
    const ManualEnv env;
    live_and_die(env, 1);
    {
      const auto journal = std::move(open_journal(env).value());
      find(*journal).spools.front()->manifest().done(Track::main, 0, 1, 2);
    }
    {
      const auto journal = std::move(open_journal(env).value());
      const Fault fault(env, n);
      const FoundSpools found = find(*journal);
      has_struck = fault.has_struck();
      REQUIRE(found.trouble.empty() == !has_struck);
      REQUIRE((found.spools.empty() || found.open == Texts{"a0", "a2", "a3"}));
    }
    const auto journal = std::move(open_journal(env).value());
    REQUIRE(find(*journal).open == Texts{"a0", "a2", "a3"});
  }
}

TEST_CASE("a spool whose removal fails at any call is removed by the next life, unread",
          "[journal][failing_calls]") {
  bool has_struck = true;
  for (std::uint64_t n = 1; has_struck; ++n) {
    CAPTURE(n);
    const ManualEnv env;
    live_and_die(env, 1);
    {
      const auto journal = std::move(open_journal(env).value());
      FoundSpools found = find(*journal);
      REQUIRE(found.open == all_records);
      const Fault fault(env, n);
      found.end_all();
      has_struck = fault.has_struck();
    }
    {
      const auto journal = std::move(open_journal(env).value());
      FoundSpools found = find(*journal);
      REQUIRE(found.open.empty());
      found.end_all();
    }
    expect_nothing_left(env);
  }
}

TEST_CASE("a life that ends in peace, whose removal fails at any call, leaves no record open",
          "[journal][failing_calls]") {
  bool has_struck = true;
  for (std::uint64_t n = 1; has_struck; ++n) {
    CAPTURE(n);
    const ManualEnv env;
    {
      const auto journal = std::move(open_journal(env).value());
      begin_life(*journal, 1);
      put_chunk(*journal, {.records = {"a", "b"}, .epoch = 1});
      journal->current()->manifest().done(Track::main, 0, 0, 2);
      const Fault fault(env, n);
      journal->remove_current();
      has_struck = fault.has_struck();
    }
    {
      const auto journal = std::move(open_journal(env).value());
      FoundSpools found = find(*journal);
      REQUIRE(found.open.empty());
      found.end_all();
    }
    expect_nothing_left(env);
  }
}
