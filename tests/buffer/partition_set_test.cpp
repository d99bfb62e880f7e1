// SPDX-License-Identifier: MIT
//
// The partitions that gather, against a list that is searched from end to end
// at every step: whatever is asked, both must name the same one.
#include <hydrant/buffer/partition_set.hpp>
#include <hydrant/testing/seeded_dice.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "test.hpp"

namespace {

using hydrant::BufferingHints;
using hydrant::ByteCount;
using hydrant::CloseReason;
using hydrant::SteadyTime;
using hydrant::testing::SeededDice;
using Set = hydrant::detail::PartitionSet<int>;
using namespace std::chrono_literals;

SteadyTime at(int second) {
  return SteadyTime(std::chrono::seconds(second));
}

BufferingHints hints(std::uint64_t size, std::uint32_t count = 0) {
  return {.size = ByteCount{size}, .interval = 60s, .count = count};
}

/// What a partition is, without any order among them.
struct Plain {
  std::string key;
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
  SteadyTime arrival = SteadyTime::max();
  std::uint64_t opened = 0;
  std::uint64_t touched = 0;
  bool held = true;
};

/// The same set, by searching.
class Naive {
 public:
  std::vector<Plain> all;
  std::uint64_t clock = 0;

  Plain* find(const std::string& key) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Plain& one) { return one.key == key; });
    return found == all.end() ? nullptr : &*found;
  }

  /// The free one that is first by `less`, or "".
  template <class Less>
  std::string first(Less less) const {
    const Plain* best = nullptr;
    for (const Plain& one : all) {
      if (!one.held && (best == nullptr || less(one, *best))) {
        best = &one;
      }
    }
    return best == nullptr ? "" : best->key;
  }

  void erase(const std::string& key) {
    std::erase_if(all, [&](const Plain& one) { return one.key == key; });
  }
};

std::string key_of(const Set::Partition* partition) {
  return partition == nullptr ? "" : partition->key();
}

/// Both sets, driven alike.
class Pair {
 public:
  Pair(std::uint64_t seed, std::size_t active_max)
      : dice_(seed), active_max_(active_max), set_(hints(5000, 40), active_max) {}

  void step() {
    const std::string key = "p" + std::to_string(dice_.below(active_max_ + active_max_ / 2 + 1));
    switch (dice_.below(8)) {
      case 0:
        close(key_of(set_.oldest()));
        break;
      case 1:
        close(key_of(dice_.chance(500) ? set_.largest() : set_.stalest()));
        break;
      case 2:
        discard(key);
        break;
      default:
        add(key);
    }
    compare();
  }

 private:
  void add(const std::string& key) {
    Set::Partition* partition = set_.find(key);
    Plain* plain = naive_.find(key);
    REQUIRE((partition == nullptr) == (plain == nullptr));
    if (partition == nullptr) {
      REQUIRE(set_.is_full() == (naive_.all.size() >= active_max_));
      if (set_.is_full()) {
        return;
      }
      partition = &set_.open(key);
      naive_.all.push_back({.key = key, .opened = ++naive_.clock});
      plain = &naive_.all.back();
    } else {
      set_.hold(*partition);
      plain->held = true;
    }
    compare();
    for (std::uint64_t i = dice_.below(4); i > 0; --i) {
      const std::uint64_t bytes = dice_.below(900);
      if (!set_.fits(*partition, bytes, 1)) {
        REQUIRE(plain->count != 0);
        REQUIRE((plain->count == 40 || plain->bytes + bytes > 5000));
        break;
      }
      const SteadyTime arrival = at(static_cast<int>(100 + dice_.below(50)));
      set_.add(*partition, bytes, 1, arrival);
      plain->bytes += bytes;
      plain->count += 1;
      plain->arrival = std::min(plain->arrival, arrival);
    }
    const auto full = set_.full(*partition);
    REQUIRE(full.has_value() == (plain->count >= 40 || plain->bytes >= 5000));
    plain->held = false;
    plain->touched = ++naive_.clock;
    if (plain->count == 0) {
      naive_.erase(key);
      set_.take(*partition);
    } else {
      set_.release(*partition);
    }
  }

  void close(const std::string& key) {
    if (key.empty()) {
      return;
    }
    const Plain plain = *naive_.find(key);
    const auto taken = set_.take(*set_.find(key));
    REQUIRE(taken->bytes() == plain.bytes);
    REQUIRE(taken->count() == plain.count);
    REQUIRE(taken->first_arrival() == plain.arrival);
    naive_.erase(key);
  }

  void discard(const std::string& key) {
    Plain* plain = naive_.find(key);
    if (plain == nullptr || plain->count < 2) {
      return;
    }
    const std::uint64_t bytes = dice_.below(plain->bytes + 1);
    const SteadyTime arrival = at(static_cast<int>(100 + dice_.below(50)));
    set_.discard(*set_.find(key), bytes, 1, arrival);
    plain->bytes -= bytes;
    plain->count -= 1;
    plain->arrival = arrival;
  }

  void compare() const {
    const auto older = [](const Plain& a, const Plain& b) {
      return a.arrival != b.arrival ? a.arrival < b.arrival : a.opened < b.opened;
    };
    const auto larger = [](const Plain& a, const Plain& b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.opened < b.opened;
    };
    const auto staler = [](const Plain& a, const Plain& b) { return a.touched < b.touched; };
    REQUIRE(set_.size() == naive_.all.size());
    REQUIRE(key_of(set_.oldest()) == naive_.first(older));
    REQUIRE(key_of(set_.largest()) == naive_.first(larger));
    REQUIRE(key_of(set_.stalest()) == naive_.first(staler));
    std::uint64_t bytes = 0;
    for (const Plain& one : naive_.all) {
      bytes += one.bytes;
    }
    REQUIRE(set_.bytes() == bytes);
    REQUIRE(set_.due() ==
            (set_.oldest() == nullptr ? SteadyTime::max() : set_.oldest()->first_arrival() + 60s));
  }

  SeededDice dice_;
  std::size_t active_max_;
  Set set_;
  Naive naive_;
};

}  // namespace

TEST_CASE("partition set names the same partitions as one that searches through all",
          "[buffer][partitions]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Pair pair(seed, seed % 4 == 0 ? 1 : 3 + seed);
    for (int i = 0; i < 300; ++i) {
      pair.step();
    }
  }
}

TEST_CASE("partition takes records up to the size, and one that is larger than that alone",
          "[buffer][partitions]") {
  Set set(hints(100), 10);
  Set::Partition& partition = set.open("a");

  REQUIRE(set.fits(partition, 1000, 1));
  set.add(partition, 99, 1, at(1));
  REQUIRE_FALSE(set.full(partition));
  REQUIRE(set.fits(partition, 0, 1));
  REQUIRE(set.fits(partition, 1, 1));
  REQUIRE_FALSE(set.fits(partition, 2, 1));
  set.add(partition, 1, 1, at(1));
  REQUIRE(set.full(partition) == CloseReason::size);

  Set::Partition& other = set.open("b");
  set.add(other, 1000, 1, at(1));
  REQUIRE(set.full(other) == CloseReason::size);
}

TEST_CASE("partition takes as many records as the count", "[buffer][partitions]") {
  Set set(hints(1000, 2), 10);
  Set::Partition& partition = set.open("a");

  set.add(partition, 1, 1, at(1));
  REQUIRE_FALSE(set.full(partition));
  REQUIRE(set.fits(partition, 1, 1));
  REQUIRE_FALSE(set.fits(partition, 2, 2));
  set.add(partition, 1, 1, at(1));
  REQUIRE(set.full(partition) == CloseReason::count);
  REQUIRE_FALSE(set.fits(partition, 0, 1));
}

TEST_CASE("partition that is held is neither oldest nor largest nor stalest",
          "[buffer][partitions]") {
  Set set(hints(1000), 2);
  Set::Partition& a = set.open("a");
  set.add(a, 10, 1, at(1));
  set.release(a);
  REQUIRE(set.oldest() == &a);

  set.hold(a);
  set.hold(a);
  REQUIRE(set.oldest() == nullptr);
  REQUIRE(set.largest() == nullptr);
  REQUIRE(set.stalest() == nullptr);
  REQUIRE(set.due() == SteadyTime::max());
  REQUIRE(set.size() == 1);
  REQUIRE_FALSE(set.is_full());
  set.release(a);
  REQUIRE(set.stalest() == &a);
}

TEST_CASE("partition set that has one too few places is full", "[buffer][partitions]") {
  Set set(hints(1000), 2);
  set.open("a");
  REQUIRE_FALSE(set.is_full());
  set.open("b");
  REQUIRE(set.is_full());
  REQUIRE(set.find("c") == nullptr);
  set.take(*set.find("a"));
  REQUIRE_FALSE(set.is_full());
}

TEST_CASE("partition that was held for nothing leaves no trace", "[buffer][partitions]") {
  Set set(hints(1000), 2);
  REQUIRE(set.take(set.open("a"))->count() == 0);
  REQUIRE(set.size() == 0);
  REQUIRE(set.find("a") == nullptr);
  REQUIRE(set.oldest() == nullptr);
}
