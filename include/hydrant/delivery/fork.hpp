// SPDX-License-Identifier: MIT
//
// What happens when the process forks: for an instant no thread of the library
// holds a lock or changes a book; then the parent goes on as if nothing had
// been, and every stream of the child is empty, working, and under a new
// identity. Nothing that the parent accepted is delivered by the child.
#pragma once

#include <hydrant/delivery/engine.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include <pthread.h>

namespace hydrant::detail {

/// Every engine of the process.
/// Threads: shared: safe.
class ForkRegistry {
 public:
  static void add(const std::shared_ptr<Engine>& engine) {
    static ForkRegistry* registry = [] {
      auto* made = new ForkRegistry;  // lives for ever, as the handlers do
      instance() = made;
      ::pthread_atfork(&before, &after_in_parent, &after_in_child);
      return made;
    }();
    std::lock_guard guard(registry->lock_);
    std::erase_if(registry->engines_, [](const auto& known) { return known.expired(); });
    registry->engines_.push_back(engine);
  }

 private:
  ForkRegistry() = default;

  static ForkRegistry*& instance() {
    static ForkRegistry* registry = nullptr;
    return registry;
  }

  static void before() {
    ForkRegistry& self = *instance();
    self.lock_.lock();
    GateYard::instance().lock().lock();
    for (const auto& known : self.engines_) {
      if (std::shared_ptr<Engine> engine = known.lock()) {
        self.held_.push_back(std::move(engine));
      }
    }
    // In the order in which they are taken everywhere: stream, gate, executor.
    for (const auto& engine : self.held_) {
      engine->lock_for_fork();
    }
    for (const auto& engine : self.held_) {
      engine->gate().lock().lock();
      const auto& executor = engine->executor();
      if (std::find(self.executors_.begin(), self.executors_.end(), executor) ==
          self.executors_.end()) {
        self.executors_.push_back(executor);
      }
    }
    for (const auto& executor : self.executors_) {
      executor->before_fork();
    }
  }

  static void after(bool in_child) {
    ForkRegistry& self = *instance();
    for (const auto& executor : self.executors_) {
      executor->after_fork(in_child);
    }
    for (const auto& engine : self.held_) {
      engine->gate().lock().unlock();
    }
    for (const auto& engine : self.held_) {
      engine->unlock_after_fork(in_child);
    }
    // Who holds the last reference to a stream ends it: not under the locks.
    std::vector<std::shared_ptr<Engine>> held;
    held.swap(self.held_);
    self.executors_.clear();
    GateYard::instance().lock().unlock();
    self.lock_.unlock();
  }

  static void after_in_parent() { after(false); }

  static void after_in_child() { after(true); }

  std::mutex lock_;
  std::vector<std::weak_ptr<Engine>> engines_;
  std::vector<std::shared_ptr<Engine>> held_;
  std::vector<std::shared_ptr<Executor>> executors_;
};

}  // namespace hydrant::detail
