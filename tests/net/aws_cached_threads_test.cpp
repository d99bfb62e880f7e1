// SPDX-License-Identifier: MIT
//
// Callers of one cache on many threads: one fetches, none waits that need not.
#include <hydrant/net/aws_cached_credentials.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aws_rig.hpp"
#include "test.hpp"

using namespace hydrant;
using namespace std::chrono_literals;
using hydrant::tests::AwsRig;

namespace {

/// A source whose fetches wait at a gate, from the chosen one on.
class GatedSource final : public AwsCredentialsSource {
 public:
  struct Gate {
    std::atomic<int> fetched{0};
    std::atomic<int> gated_from{1};
    std::latch arrived{1};
    std::latch open{1};
  };

  GatedSource(AwsRig& rig, std::shared_ptr<Gate> gate) : rig_(&rig), gate_(std::move(gate)) {}

  std::string name() const override { return "gated"; }

  std::optional<std::string> absence() override { return std::nullopt; }

  Result<AwsCredentials> fetch(const Cancelled&) override {
    const int number = ++gate_->fetched;
    if (number == gate_->gated_from) {
      gate_->arrived.count_down();
      gate_->open.wait();
    }
    return AwsCredentials{"id " + std::to_string(number), "secret", "", rig_->env.wall_now() + 1h};
  }

 private:
  AwsRig* rig_;
  std::shared_ptr<Gate> gate_;
};

struct ThreadsRig : AwsRig {
  std::string ask() {
    Attempt now = attempt();
    Result<AwsCredentials> found = cache.credentials(now);
    return found ? found.value().access_key_id : found.failure().message;
  }

  std::shared_ptr<GatedSource::Gate> gate = std::make_shared<GatedSource::Gate>();
  CachedAwsCredentials cache{aws.world, std::make_unique<GatedSource>(*this, gate), {.jitter = 0s}};
};

}  // namespace

TEST_CASE("callers that have nothing wait for the one who fetches", "[net][aws_cached]") {
  ThreadsRig rig;
  std::vector<std::string> found(8);
  std::vector<std::jthread> threads;
  for (std::string& answer : found) {
    threads.emplace_back([&] { answer = rig.ask(); });
  }
  rig.gate->arrived.wait();
  rig.gate->open.count_down();
  threads.clear();

  REQUIRE(found == std::vector<std::string>(8, "id 1"));
  REQUIRE(rig.gate->fetched == 1);
}

TEST_CASE("callers go on with what is valid while one fetches", "[net][aws_cached]") {
  ThreadsRig rig;
  rig.gate->gated_from = 2;
  REQUIRE(rig.ask() == "id 1");
  rig.env.advance(56min);
  std::string fetched;
  std::jthread fetching([&] { fetched = rig.ask(); });
  rig.gate->arrived.wait();

  REQUIRE(rig.ask() == "id 1");  // though the other has not come back
  REQUIRE(rig.ask() == "id 1");
  rig.cache.invalidate();  // nor does this wait

  rig.gate->open.count_down();
  fetching.join();
  REQUIRE(fetched == "id 2");
  REQUIRE(rig.ask() == "id 2");
  REQUIRE(rig.gate->fetched == 2);
}

TEST_CASE("a caller that waits for another's fetch can give up", "[net][aws_cached]") {
  ThreadsRig rig;
  std::jthread fetching([&] { static_cast<void>(rig.ask()); });
  rig.gate->arrived.wait();

  std::atomic<bool> stop{true};
  Attempt given_up(*rig.aws.world, 1, SteadyTime::max(), stop);
  const Result<AwsCredentials> found = rig.cache.credentials(given_up);

  REQUIRE(found.failure().message ==
          "gated: given up, out of time, while another thread was asking for credentials");
  rig.gate->open.count_down();
}

TEST_CASE("a fetch of a thread that is gone is taken over", "[net][aws_cached]") {
  ThreadsRig rig;
  std::string late;
  std::jthread fetching([&] { late = rig.ask(); });
  rig.gate->arrived.wait();

  rig.env.advance(5min);
  REQUIRE(rig.ask() == "id 2");
  rig.gate->open.count_down();
  fetching.join();

  REQUIRE(late == "id 2");  // what is kept, not what came too late
  REQUIRE(rig.ask() == "id 2");
}

TEST_CASE("many callers at once see no credentials that have expired", "[net][aws_cached]") {
  ThreadsRig rig;
  rig.gate->gated_from = 0;
  std::atomic<bool> is_over{false};
  std::atomic<int> asked{0};
  std::atomic<int> expired{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!is_over) {
        Attempt now = rig.attempt();
        const WallTime before = rig.env.wall_now();
        // A thread that was held up while the clock ran on may be told that there are none.
        Result<AwsCredentials> found = rig.cache.credentials(now);
        expired += found && *found.value().expires <= before ? 1 : 0;
        rig.cache.invalidate();
        ++asked;
      }
    });
  }
  for (int minute = 0; minute < 2'000; ++minute) {
    for (const int seen = asked; asked == seen;) {
      std::this_thread::yield();
    }
    rig.env.advance(1min);
  }
  is_over = true;
  threads.clear();

  REQUIRE(expired == 0);
  REQUIRE(rig.gate->fetched >= 2'000 / 60);
}
