// SPDX-License-Identifier: MIT
//
// What a disk does to the processes that use it, for a while: the n-th call
// fails, or many from there on, or any now and then; syncs fail; space ends and
// comes back.
#pragma once

#include <hydrant/testing/simulation.hpp>

#include <cerrno>
#include <cstdint>
#include <limits>

namespace hydrant::tests {

/// The troubles of one life.
/// Threads: as Simulation.
class DiskTrouble {
 public:
  explicit DiskTrouble(testing::Simulation world) : world_(std::move(world)) {}

  /// Draws what goes wrong from now on.
  void begin() const {
    testing::SeededDice& dice = world_.dice();
    testing::SimulatedDisk& disk = world_.disk();
    heal();
    switch (dice.below(6)) {
      case 0:
        disk.fail_call(1 + dice.below(dice.pick<std::uint64_t>({20, 200})), any_error(),
                       dice.pick<std::uint64_t>({1, 1, 5, 100, 100'000}));
        break;
      case 1:
        disk.set_faults({.any_call = static_cast<std::uint32_t>(1 + dice.below(200))});
        break;
      case 2:
        disk.set_faults({.sync = static_cast<std::uint32_t>(1 + dice.below(500))});
        break;
      case 3:
        fill();
        break;
      default:
        break;  // a good disk
    }
  }

  /// Between two steps of a process: the disk may be full, or have space again.
  void step() const {
    testing::SeededDice& dice = world_.dice();
    if (dice.chance(60)) {
      fill();
    } else if (dice.chance(150)) {
      world_.disk().set_capacity(std::numeric_limits<std::uint64_t>::max());
    }
  }

  /// From now on all is well.
  void heal() const {
    testing::SimulatedDisk& disk = world_.disk();
    disk.fail_call(0, 0, 0);
    disk.set_faults({});
    disk.set_capacity(std::numeric_limits<std::uint64_t>::max());
  }

 private:
  int any_error() const { return world_.dice().pick({EIO, ENOSPC, EROFS, EMFILE, EACCES}); }

  void fill() const {
    testing::SeededDice& dice = world_.dice();
    const std::uint64_t room =
        dice.pick<std::uint64_t>({0, 0, 100, 10'000, 100'000, 1'000'000, 4'000'000});
    world_.disk().set_capacity(world_.disk().used() + room);
  }

  testing::Simulation world_;
};

}  // namespace hydrant::tests
