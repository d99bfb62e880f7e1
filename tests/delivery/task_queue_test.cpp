// SPDX-License-Identifier: MIT
//
// The queue of work against a model of plain maps.
#include <hydrant/delivery/task_queue.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "test.hpp"

using namespace std::chrono_literals;
using hydrant::SteadyTime;
using hydrant::detail::Task;
using hydrant::detail::TaskQueue;

namespace {

class IdleTask final : public Task {
 public:
  void run() noexcept override {}
};

/// What the queue promises, in the simplest words.
struct ModelQueue {
  std::deque<int> ready;
  std::map<int, SteadyTime> timers;
  std::map<int, bool> running;  // and whether it was posted meanwhile

  void post(int task) {
    if (const auto run = running.find(task); run != running.end()) {
      run->second = true;
    } else if (std::find(ready.begin(), ready.end(), task) == ready.end()) {
      ready.push_back(task);
    }
  }

  void wake_due(SteadyTime now, const std::vector<int>& order_of_equals) {
    for (;;) {
      std::optional<SteadyTime> earliest;
      for (const auto& [task, due] : timers) {
        earliest = std::min(earliest.value_or(due), due);
      }
      if (!earliest || *earliest > now) {
        return;
      }
      for (const int task : order_of_equals) {
        if (timers.count(task) != 0 && timers[task] == *earliest) {
          timers.erase(task);
          post(task);
          break;
        }
      }
    }
  }
};

}  // namespace

TEST_CASE("task queue does what its model does", "[delivery][task_queue]") {
  constexpr int task_count = 6;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    std::vector<std::shared_ptr<Task>> tasks;
    for (int i = 0; i < task_count; ++i) {
      tasks.push_back(std::make_shared<IdleTask>());
    }
    // Timers of one instant fire in the order of their addresses.
    std::vector<int> order(task_count);
    for (int i = 0; i < task_count; ++i) {
      order[static_cast<std::size_t>(i)] = i;
    }
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      return tasks[static_cast<std::size_t>(a)].get() < tasks[static_cast<std::size_t>(b)].get();
    });
    const auto number = [&](const std::shared_ptr<Task>& task) {
      return static_cast<int>(std::find(tasks.begin(), tasks.end(), task) - tasks.begin());
    };
    TaskQueue queue;
    ModelQueue model;
    SteadyTime now{100s};

    for (int step = 0; step < 200; ++step) {
      const int task = static_cast<int>(dice() % task_count);
      const std::shared_ptr<Task>& it = tasks[static_cast<std::size_t>(task)];
      switch (dice() % 7) {
        case 0:
        case 1:
          queue.post(it, now);
          model.post(task);
          break;
        case 2: {
          const SteadyTime due = now + std::chrono::milliseconds(dice() % 20);
          queue.post_at(it, due);
          model.timers[task] = due;
          break;
        }
        case 3:
          now += std::chrono::milliseconds(dice() % 10);
          break;
        case 4: {
          const std::shared_ptr<Task> taken = queue.take(now);
          model.wake_due(now, order);
          REQUIRE((taken != nullptr) == !model.ready.empty());
          if (taken != nullptr) {
            REQUIRE(number(taken) == model.ready.front());
            model.ready.pop_front();
            model.running[number(taken)] = false;
          }
          break;
        }
        case 5:
          if (const auto run = model.running.find(task); run != model.running.end()) {
            const bool again = run->second;
            model.running.erase(run);
            REQUIRE(queue.finished(it, now) == again);
            if (again) {
              model.post(task);
            }
          }
          break;
        default:
          queue.forget(*it);
          model.timers.erase(task);
          std::erase(model.ready, task);
          if (const auto run = model.running.find(task); run != model.running.end()) {
            run->second = false;
          }
          break;
      }
      REQUIRE(queue.has_ready() == !model.ready.empty());
      REQUIRE(queue.empty() == (model.ready.empty() && model.timers.empty()));
    }
    for (const auto& [task, posted] : model.running) {
      queue.finished(tasks[static_cast<std::size_t>(task)], now);
    }
    queue.clear();
    REQUIRE(queue.empty());
    for (const std::shared_ptr<Task>& task : tasks) {
      REQUIRE(task.use_count() == 1);  // nobody holds on to what was forgotten
    }
  }
}
