// SPDX-License-Identifier: MIT
#include <hydrant/core/uuid.hpp>
#include <hydrant/transform/filter.hpp>
#include <hydrant/transform/map.hpp>
#include <hydrant/transform/pipe.hpp>
#include <hydrant/transform/tap.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "allocation_count.hpp"
#include "collecting_emitter.hpp"
#include "test.hpp"

using hydrant::Emitter;
using hydrant::identity;
using hydrant::Outcome;
using hydrant::RecordView;
using hydrant::tests::run;
using hydrant::tests::Texts;
using Kind = hydrant::Outcome::Kind;

namespace {

enum class Ending { ok, dropped, failed, threw };

/// What a scripted stage does with one text.
struct Script {
  Texts emits;
  Ending ending = Ending::ok;
  std::string reason;
};

Script script_of(std::uint64_t seed, std::string_view text) {
  const std::uint64_t dice =
      hydrant::mix64(seed ^ hydrant::mix64(std::hash<std::string_view>{}(text)));
  Script script;
  const std::size_t emits = dice % 4;
  for (std::size_t index = 0; index < emits; ++index) {
    // Sizes on both sides of what a pipe keeps on the stack.
    const std::size_t padding = dice >> 8 & 7 ? 0 : 4090 + index * 6;
    script.emits.push_back(std::string(text.substr(0, 20)) + '.' + std::to_string(seed % 10) +
                           std::to_string(index) + std::string(padding, '~'));
  }
  const std::uint64_t ending = dice >> 16 & 31;
  script.ending = ending < 2   ? Ending::failed
                  : ending < 4 ? Ending::threw
                  : ending < 8 ? Ending::dropped
                               : Ending::ok;
  script.reason = "stage " + std::to_string(seed) + " at " + std::string(text.substr(0, 40));
  return script;
}

/// Plays its script through all three ways to emit.
struct ScriptedStage {
  std::uint64_t seed;

  Outcome operator()(const RecordView& record, Emitter& out) const {
    if (record.arrival() != hydrant::tests::source_arrival ||
        !(record.id() == hydrant::tests::source_id)) {
      return Outcome::failed("arrival or id differs from the source's");
    }
    const Script script = script_of(seed, record.text());
    for (std::size_t index = 0; index < script.emits.size(); ++index) {
      const std::string& text = script.emits[index];
      if (index % 2 == 0) {
        out.emit(text);
        continue;
      }
      std::span<char> room = out.reserve(text.size() + 3);
      std::fill(room.begin(), room.end(), '!');
      std::copy(text.begin(), text.end(), room.begin());
      out.commit(text.size());
    }
    switch (script.ending) {
      case Ending::ok:
        return Outcome::ok();
      case Ending::dropped:
        return Outcome::dropped();
      case Ending::failed:
        return Outcome::failed(script.reason, "Test.Code");
      case Ending::threw:
        throw std::runtime_error(script.reason);
    }
    return Outcome::ok();
  }
};

/// What becomes of a source record in the end.
struct Fate {
  enum class Kind { delivered, failed, threw };
  Kind kind = Kind::delivered;
  std::string reason;
  Texts records;

  friend bool operator==(const Fate&, const Fate&) = default;
};

/// Stages as plain functions on plain vectors: one record through `seeds` in turn.
Fate expected_fate(const std::vector<std::uint64_t>& seeds, std::size_t stage,
                   const std::string& text) {
  if (stage == seeds.size()) {
    return {Fate::Kind::delivered, "", {text}};
  }
  const Script script = script_of(seeds[stage], text);
  Fate fate;
  for (const std::string& emitted : script.emits) {
    Fate part = expected_fate(seeds, stage + 1, emitted);
    if (part.kind != Fate::Kind::delivered) {
      return part;
    }
    fate.records.insert(fate.records.end(), part.records.begin(), part.records.end());
  }
  if (script.ending == Ending::failed) {
    return {Fate::Kind::failed, script.reason, {}};
  }
  if (script.ending == Ending::threw) {
    return {Fate::Kind::threw, script.reason, {}};
  }
  return fate;
}

template <class T>
Fate fate_of(const T& transform, const std::string& text) {
  try {
    const auto ran = run(transform, text);
    if (ran.outcome.is_failed()) {
      return {Fate::Kind::failed, std::string(ran.outcome.reason()), {}};
    }
    return {Fate::Kind::delivered, "", ran.records};
  } catch (const std::runtime_error& error) {
    return {Fate::Kind::threw, error.what(), {}};
  }
}

}  // namespace

TEST_CASE("a pipe does what its stages do one after the other, however it is bracketed",
          "[transform][pipe]") {
  std::size_t kinds[3] = {};
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    CAPTURE(seed);
    const std::vector<std::uint64_t> seeds{seed * 10 + 1, seed * 10 + 2, seed * 10 + 3,
                                           seed * 10 + 4};
    const ScriptedStage a{seeds[0]}, b{seeds[1]}, c{seeds[2]}, d{seeds[3]};
    using hydrant::transform;
    const auto A = transform(a);
    const auto B = transform(b);
    const auto C = transform(c);
    const auto D = transform(d);
    const std::string text = "source " + std::to_string(seed);

    const Fate expected = expected_fate(seeds, 0, text);

    ++kinds[static_cast<std::size_t>(expected.kind)];
    REQUIRE(fate_of(A | B | C | D, text) == expected);
    REQUIRE(fate_of(A | (B | (C | D)), text) == expected);
    REQUIRE(fate_of((A | B) | (C | D), text) == expected);
    REQUIRE(fate_of(A | ((B | C) | D), text) == expected);
    REQUIRE(fate_of(identity | A | identity | (B | identity) | (C | D), text) == expected);
  }
  // The scripts are worth nothing unless each fate comes up often.
  REQUIRE(kinds[0] > 300);
  REQUIRE(kinds[1] > 300);
  REQUIRE(kinds[2] > 300);
}

TEST_CASE("identity vanishes from a pipe at compile time", "[transform][pipe]") {
  auto upper = hydrant::map([](std::string_view text) { return text; });
  static_assert(std::is_same_v<decltype(identity | upper), decltype(upper)>);
  static_assert(std::is_same_v<decltype(upper | identity), decltype(upper)>);
  static_assert(std::is_same_v<decltype(identity | identity), hydrant::Identity>);
  static_assert(hydrant::is_identity<decltype(identity | identity | identity)>);
  SUCCEED();
}

TEST_CASE("a pipe takes a bare lambda beside a stage of the library", "[transform][pipe]") {
  auto twice = [](const RecordView& record, Emitter& out) {
    out.emit(record.text());
    out.emit(record.text());
    return Outcome::ok();
  };
  auto exclaim = hydrant::map([](std::string_view text) { return std::string(text) + "!"; });
  REQUIRE(run(twice | exclaim, "a").records == Texts{"a!", "a!"});
  REQUIRE(run(exclaim | twice, "a").records == Texts{"a!", "a!"});
}

TEST_CASE("a pipe loses only the records that a later stage drops", "[transform][pipe]") {
  auto split = hydrant::transform([](const RecordView& record, Emitter& out) {
    for (char letter : record.text()) {
      out.emit(std::string_view(&letter, 1));
    }
    return Outcome::ok();
  });
  auto no_x = hydrant::filter([](std::string_view text) { return text != "x"; });
  REQUIRE(run(split | no_x, "axbx").records == Texts{"a", "b"});
  REQUIRE(run(split | no_x, "xx").records.empty());
  REQUIRE_FALSE(run(split | no_x, "xx").outcome.is_failed());
}

TEST_CASE("a pipe keeps reason and code of the stage that failed", "[transform][pipe]") {
  auto refuse = hydrant::transform(
      [](const RecordView&, Emitter&) { return Outcome::failed("no price", "Shop.NoPrice"); });
  auto ran = run(hydrant::tap([](RecordView) {}) | refuse | hydrant::tap([](RecordView) {}), "a");
  REQUIRE(ran.outcome.reason() == "no price");
  REQUIRE(ran.outcome.code() == "Shop.NoPrice");
}

TEST_CASE("a pipe passes on what a later stage throws, even through a stage that catches",
          "[transform][pipe]") {
  auto swallows = hydrant::transform([](const RecordView& record, Emitter& out) {
    try {
      out.emit(record.text());
    } catch (...) {
    }
    return Outcome::ok();
  });
  auto throws = hydrant::tap([](std::string_view) { throw std::runtime_error("later stage"); });
  REQUIRE_THROWS_WITH(run(swallows | throws, "a"), "later stage");
}

TEST_CASE("a pipe calls no later stage again once it has failed", "[transform][pipe]") {
  auto three = hydrant::transform([](const RecordView& record, Emitter& out) {
    out.emit(record.text());
    out.emit(record.text());
    out.emit(record.text());
    return Outcome::ok();
  });
  int calls = 0;
  auto refuse = hydrant::transform([&calls](const RecordView&, Emitter&) {
    ++calls;
    return Outcome::failed("refused");
  });
  REQUIRE(run(three | refuse, "a").outcome.is_failed());
  REQUIRE(calls == 1);
}

TEST_CASE("a reservation that is not committed emits nothing", "[transform][pipe]") {
  auto formats = hydrant::transform([](const RecordView&, Emitter& out) {
    out.reserve(10)[0] = 'x';
    out.reserve(20)[0] = 'y';
    out.commit(1);
    out.reserve(10)[0] = 'z';
    return Outcome::ok();
  });
  auto pass = hydrant::tap([](RecordView) {});
  REQUIRE(run(formats | pass, "a").records == Texts{"y"});
}

TEST_CASE("a pipe allocates nothing for records up to 4 KiB", "[transform][pipe]") {
  struct Discard final : Emitter {
    std::size_t bytes = 0;

    void do_emit(std::span<const std::byte> record) override { bytes += record.size(); }

    std::span<char> do_reserve(std::size_t) override { return {}; }

    void do_commit(std::size_t) override {}
  };

  auto formats = hydrant::transform([](const RecordView&, Emitter& out) {
    std::span<char> room = out.reserve(4096);
    std::fill(room.begin(), room.end(), 'x');
    out.commit(room.size());
    return Outcome::ok();
  });
  auto pipe = hydrant::filter([](std::string_view) { return true; }) | formats |
              hydrant::map([](std::string_view text) { return text.substr(1); });
  Discard out;
  const RecordView record = hydrant::tests::source_record("a");
  const std::uint64_t before = hydrant::tests::allocation_count;

  const Outcome outcome = pipe(record, out);

  const std::uint64_t after = hydrant::tests::allocation_count;
  REQUIRE(outcome.kind() == Kind::ok);
  REQUIRE(out.bytes == 4095);
  REQUIRE(after - before == 0);
}
