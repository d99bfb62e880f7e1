// SPDX-License-Identifier: MIT
#include <hydrant/net/aws_cached_credentials.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aws_rig.hpp"
#include "test.hpp"

using namespace hydrant;
using namespace std::chrono_literals;
using hydrant::tests::AwsRig;

namespace {

/// A source that does what a test says.
struct Script {
  std::function<Result<AwsCredentials>(const Cancelled&)> fetch;
  std::uint64_t fetched = 0;
};

class ScriptedSource final : public AwsCredentialsSource {
 public:
  explicit ScriptedSource(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  std::string name() const override { return "script"; }

  std::optional<std::string> absence() override { return std::nullopt; }

  Result<AwsCredentials> fetch(const Cancelled& cancelled) override {
    ++script_->fetched;
    return script_->fetch(cancelled);
  }

 private:
  std::shared_ptr<Script> script_;
};

/// A source that gives out credentials for `lifetime`, one after the other, while it is up.
struct CacheRig : AwsRig {
  explicit CacheRig(AwsRefreshOptions options = {.jitter = 0s},
                    std::optional<std::chrono::milliseconds> valid_for = 1h)
      : lifetime(valid_for), cache(aws.world, std::make_unique<ScriptedSource>(script), options) {
    script->fetch = [this](const Cancelled&) -> Result<AwsCredentials> {
      if (!is_up) {
        return Failure{"script: it is down"};
      }
      return next();
    };
  }

  AwsCredentials next() {
    const std::string number = std::to_string(++given);
    return {"id " + number, "secret", "token",
            lifetime ? std::optional(env.wall_now() + *lifetime) : std::nullopt};
  }

  /// The number of the credentials that the cache gives; its failure otherwise.
  std::string ask() {
    Attempt now = attempt();
    Result<AwsCredentials> found = cache.credentials(now);
    return found ? found.value().access_key_id : found.failure().message;
  }

  bool is_up = true;
  std::uint64_t given = 0;
  std::optional<std::chrono::milliseconds> lifetime;
  std::shared_ptr<Script> script = std::make_shared<Script>();
  CachedAwsCredentials cache;
};

}  // namespace

TEST_CASE("kept credentials are fetched once as long as they are far from their end",
          "[net][aws_cached]") {
  CacheRig rig;
  REQUIRE(rig.script->fetched == 0);
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(55min - 1ms);
  REQUIRE(rig.ask() == "id 1");
  REQUIRE(rig.script->fetched == 1);
  rig.env.advance(1ms);
  REQUIRE(rig.ask() == "id 2");
  REQUIRE(rig.ask() == "id 2");
  REQUIRE(rig.script->fetched == 2);
}

TEST_CASE("credentials that last are fetched once", "[net][aws_cached]") {
  CacheRig rig(AwsRefreshOptions{}, std::nullopt);
  for (int day = 0; day < 100; ++day) {
    REQUIRE(rig.ask() == "id 1");
    rig.env.advance(24h);
  }
  REQUIRE(rig.script->fetched == 1);
}

TEST_CASE("credentials of a short life are fetched anew in its last quarter", "[net][aws_cached]") {
  CacheRig rig({.jitter = 0s}, 60s);
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(45s - 1ms);
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(1ms);
  REQUIRE(rig.ask() == "id 2");
}

TEST_CASE("the time of a refresh differs by chance, within its limits", "[net][aws_cached]") {
  std::set<std::int64_t> seconds;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CacheRig rig(AwsRefreshOptions{});
    for (std::uint64_t draws = 0; draws < seed; ++draws) {
      static_cast<void>(rig.aws.world->random());
    }
    REQUIRE(rig.ask() == "id 1");
    rig.env.advance(55min - 1ms);
    REQUIRE(rig.ask() == "id 1");
    std::int64_t waited = 0;
    while (rig.ask() == "id 1") {
      rig.env.advance(1s);
      ++waited;
    }
    REQUIRE(waited <= 61);
    seconds.insert(waited);
  }
  REQUIRE(seconds.size() > 10);
}

TEST_CASE("a refresh that fails leaves the old credentials, and is tried again",
          "[net][aws_cached]") {
  CacheRig rig;
  REQUIRE(rig.ask() == "id 1");
  rig.is_up = false;
  rig.env.advance(55min);
  REQUIRE(rig.ask() == "id 1");
  REQUIRE(rig.ask() == "id 1");
  REQUIRE(rig.script->fetched == 2);  // not at once again
  REQUIRE(rig.cache.describe().find("; last failure: script: it is down") != std::string::npos);

  for (std::chrono::seconds passed{0}; passed < 5min; passed += 1s) {
    REQUIRE(rig.ask() == "id 1");
    rig.env.advance(1s);
  }
  REQUIRE(rig.script->fetched >= 2 + 5 + 3);  // twice as long each time, then every minute
  REQUIRE(rig.script->fetched <= 2 + 7 + 10);
  REQUIRE(rig.ask() == "script: it is down");

  rig.is_up = true;
  rig.env.advance(60s);
  REQUIRE(rig.ask() == "id 2");
  REQUIRE(rig.cache.describe() == "script: credentials until 20260101T020100Z");
}

TEST_CASE("credentials are given while they are valid, and got as soon as they can be",
          "[net][aws_cached]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::chrono::seconds lifetime(1 + random() % 2000);
    CacheRig rig({.ahead = 100s, .jitter = 20s, .retry_min = 1s, .retry_max = 30s}, lifetime);
    std::optional<WallTime> valid_until;
    rig.script->fetch = [&](const Cancelled&) -> Result<AwsCredentials> {
      if (!rig.is_up) {
        return Failure{"script: it is down"};
      }
      const AwsCredentials made = rig.next();
      valid_until = made.expires;
      return made;
    };
    std::chrono::seconds up_for{0};
    for (int second = 0; second < 3'000; ++second) {
      rig.is_up = random() % 100 == 0 ? !rig.is_up : rig.is_up;
      up_for = rig.is_up ? up_for + 1s : 0s;
      const std::string said = rig.ask();
      const bool is_valid = valid_until && rig.env.wall_now() < *valid_until;
      if (is_valid) {
        REQUIRE(said == "id " + std::to_string(rig.given));
      } else {
        REQUIRE(said == "script: it is down");
      }
      REQUIRE((is_valid || up_for <= 30s));
      rig.env.advance(1s);
    }
    const auto lives = static_cast<std::uint64_t>(3'000s / lifetime);
    REQUIRE(rig.script->fetched <= 3'000 / 15 + 10 + 4 * (lives + 1));
  }
}

TEST_CASE("a source that has no others yet is not asked all the time", "[net][aws_cached]") {
  CacheRig rig;
  const AwsCredentials same = rig.next();
  rig.script->fetch = [&](const Cancelled&) -> Result<AwsCredentials> {
    if (*same.expires <= rig.env.wall_now()) {
      return Failure{"script: none"};
    }
    return same;
  };
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(55min);
  for (std::chrono::seconds passed{0}; passed < 5min; passed += 1s) {
    REQUIRE(rig.ask() == "id 1");
    rig.env.advance(1s);
  }
  REQUIRE(rig.script->fetched <= 1 + 7 + 10);
  REQUIRE(rig.ask() != "id 1");
}

TEST_CASE("credentials that end before there are others say so", "[net][aws_cached]") {
  CacheRig rig({.jitter = 0s, .retry_min = 60s, .retry_max = 1h});
  const AwsCredentials same = rig.next();
  rig.script->fetch = [&](const Cancelled&) { return Result<AwsCredentials>(same); };
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(60min - 1ms);
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(1ms);
  REQUIRE(rig.ask() == "script: what it gave has expired, and it had no others");
}

TEST_CASE("credentials that come back expired are none", "[net][aws_cached]") {
  CacheRig rig(AwsRefreshOptions{}, 0s);
  REQUIRE(rig.ask() ==
          "script: the credentials that came back expired at 20260101T000000Z (check this "
          "machine's clock)");
  rig.lifetime = 1ms;
  rig.env.advance(1s);
  REQUIRE(rig.ask() == "id 2");
}

TEST_CASE("a failure is told again, not asked for again, until its time has come",
          "[net][aws_cached]") {
  CacheRig rig({.jitter = 0s, .retry_min = 1s, .retry_max = 8s});
  rig.is_up = false;
  std::vector<std::chrono::milliseconds> waits;
  REQUIRE(rig.ask() == "script: it is down");
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t before = rig.script->fetched;
    std::chrono::milliseconds waited{0};
    while (rig.script->fetched == before) {
      rig.env.advance(10ms);
      waited += 10ms;
      REQUIRE(rig.ask() == "script: it is down");
    }
    waits.push_back(waited);
  }
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const std::chrono::milliseconds longest =
        std::min<std::chrono::milliseconds>(8s, 1s * (1 << i));
    CAPTURE(i, waits[i].count());
    REQUIRE(waits[i] <= longest + 10ms);
    REQUIRE(waits[i] >= longest / 2);
  }
}

TEST_CASE("credentials that a service has refused are fetched anew", "[net][aws_cached]") {
  CacheRig rig;
  rig.cache.invalidate();  // there are none
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(10s - 1ms);
  rig.cache.invalidate();  // a late complaint about those before
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(1ms);
  rig.cache.invalidate();
  REQUIRE(rig.cache.describe() == "script: credentials that a service has refused");
  REQUIRE(rig.ask() == "id 2");
  rig.cache.invalidate();  // of another request that was on its way
  REQUIRE(rig.ask() == "id 2");
  REQUIRE(rig.script->fetched == 2);

  rig.env.advance(10s);
  rig.is_up = false;
  rig.cache.invalidate();
  REQUIRE(rig.ask() == "script: it is down");
  rig.is_up = true;
  rig.env.advance(1s);
  REQUIRE(rig.ask() == "id 3");
}

TEST_CASE(
    "credentials that were refused and come back the same are taken, not asked for in a "
    "circle",
    "[net][aws_cached]") {
  CacheRig rig;
  const AwsCredentials same = rig.next();
  rig.script->fetch = [&](const Cancelled&) { return Result<AwsCredentials>(same); };
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(10s);
  for (int i = 0; i < 100; ++i) {
    rig.cache.invalidate();
    REQUIRE(rig.ask() == "id 1");
  }
  REQUIRE(rig.script->fetched == 2);
}

TEST_CASE("a fetch that the caller gave up says nothing of the source", "[net][aws_cached]") {
  CacheRig rig;
  rig.script->fetch = [&](const Cancelled& cancelled) -> Result<AwsCredentials> {
    if (cancelled()) {
      return Failure{"script: given up"};
    }
    return rig.next();
  };
  rig.stop = true;
  REQUIRE(rig.ask() == "script: given up");
  rig.stop = false;
  REQUIRE(rig.ask() == "id 1");
}

TEST_CASE("a source that throws is one that fails, and what it throws is not told",
          "[net][aws_cached]") {
  CacheRig rig;
  rig.script->fetch = [](const Cancelled&) -> Result<AwsCredentials> {
    throw std::runtime_error("secret");
  };
  REQUIRE(rig.ask() == "script: an exception was thrown");
  rig.env.advance(1s);
  rig.script->fetch = [](const Cancelled&) -> Result<AwsCredentials> { throw 7; };
  REQUIRE(rig.ask() == "script: an exception was thrown");
}

TEST_CASE("credentials survive a wall clock that jumps", "[net][aws_cached]") {
  CacheRig rig;
  REQUIRE(rig.ask() == "id 1");
  rig.env.jump_wall(2h);
  REQUIRE(rig.ask() == "id 2");
  rig.env.jump_wall(-10h);
  REQUIRE(rig.ask() == "id 2");
  rig.env.advance(10s);
  rig.cache.invalidate();  // the service knows better than our clock
  REQUIRE(rig.ask() == "id 3");
}

TEST_CASE("the cache tells how it is", "[net][aws_cached]") {
  CacheRig rig;
  REQUIRE(rig.cache.describe() == "script: no credentials yet");
  REQUIRE(rig.ask() == "id 1");
  REQUIRE(rig.cache.describe() == "script: credentials until 20260101T010000Z");
  CacheRig lasting(AwsRefreshOptions{}, std::nullopt);
  REQUIRE(lasting.ask() == "id 1");
  REQUIRE(lasting.cache.describe() == "script: credentials that last");
}

TEST_CASE("refresh options have limits", "[net][aws_cached]") {
  const auto faults = [](const AwsRefreshOptions& options) {
    OptionErrors errors;
    options.validate(errors);
    std::string text;
    for (const OptionFault& fault : errors.faults()) {
      text += fault.field + " " + fault.rule + ", is " + fault.value + "\n";
    }
    return text;
  };
  REQUIRE(faults({}).empty());
  REQUIRE(faults({.ahead = 10s, .jitter = 5s}).empty());
  REQUIRE(faults({.ahead = 9s, .jitter = 0s}) ==
          "refresh.ahead must be within [10 s, 1 h], is 9 s\n");
  REQUIRE(faults({.ahead = 3600s}).empty());
  REQUIRE(faults({.ahead = 3601s}) == "refresh.ahead must be within [10 s, 1 h], is 3601 s\n");
  REQUIRE(faults({.ahead = 10s, .jitter = 6s}) ==
          "refresh.jitter must be within [0 s, half of refresh.ahead], is 6 s\n");
  REQUIRE(faults({.jitter = -1s}) ==
          "refresh.jitter must be within [0 s, half of refresh.ahead], is -1 s\n");
  REQUIRE(faults({.retry_min = 100ms, .retry_max = 100ms}).empty());
  REQUIRE(faults({.retry_min = 99ms}) ==
          "refresh.retry_min must be within [100 ms, refresh.retry_max], is 99 ms\n");
  REQUIRE(faults({.retry_min = 101ms, .retry_max = 100ms}) ==
          "refresh.retry_min must be within [100 ms, refresh.retry_max], is 101 ms\n");
  REQUIRE(faults({.retry_max = 3'600'000ms}).empty());
  REQUIRE(faults({.retry_max = 3'600'001ms}) ==
          "refresh.retry_max must be at most 1 h, is 3600001 ms\n");
  REQUIRE_THROWS_AS(CachedAwsCredentials(nullptr, nullptr), OptionsError);
  REQUIRE_THROWS_AS(CacheRig({.ahead = 1s}), OptionsError);
}
