// SPDX-License-Identifier: MIT
//
// The only door to the world: clocks, randomness, files. Nothing else in the
// library asks for the time, rolls a dice or opens a file, so a test or a
// simulator that brings its own Env owns everything that is not the code.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/time.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

namespace hydrant {

/// A handle to a world. Copies refer to the same world.
template <class E>
concept Env = std::copy_constructible<E> && requires(E& env) {
  { env.steady_now() } -> std::same_as<SteadyTime>;
  { env.wall_now() } -> std::same_as<WallTime>;
  { env.random() } -> std::same_as<std::uint64_t>;
  { env.files() } -> std::same_as<Files&>;
};

/// An Env without its type, for everything that runs once a batch.
/// Threads: shared: safe.
class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  virtual SteadyTime steady_now() = 0;
  virtual WallTime wall_now() = 0;
  virtual std::uint64_t random() = 0;
  virtual Files& files() = 0;
};

/// Takes the type off an Env.
template <Env E>
std::shared_ptr<World> make_world(E env) {
  class Adapter final : public World {
   public:
    explicit Adapter(E adapted) : env_(std::move(adapted)) {}

    SteadyTime steady_now() override { return env_.steady_now(); }

    WallTime wall_now() override { return env_.wall_now(); }

    std::uint64_t random() override { return env_.random(); }

    Files& files() override { return env_.files(); }

   private:
    E env_;
  };

  return std::make_shared<Adapter>(std::move(env));
}

}  // namespace hydrant
