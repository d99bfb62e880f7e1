// SPDX-License-Identifier: MIT
//
// A directory of objects on the simulated disk, with a guard who looks at it
// after each attempt: what is under a key is the whole object or nothing, and
// what was confirmed is there for good.
#pragma once

#include <hydrant/object/directory_store.hpp>
#include <hydrant/testing/simulated_destination.hpp>
#include <hydrant/testing/simulated_sink.hpp>
#include <hydrant/testing/simulation.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::tests {

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// A lake. Copies refer to the same one.
/// Threads: shared: unsafe.
class Lake {
 public:
  using Tell = std::function<void(const testing::CommittedRecord&)>;

  Lake(testing::Simulation world, std::string directory, testing::DestinationFaults moods)
      : state_(std::make_shared<State>(std::move(world), std::move(directory), moods)) {}

  /// Calls `tell` for each record of an object that has come.
  void on_commit(Tell tell) const { state_->tell = std::move(tell); }

  /// Calls `tell` for each record of an object that is gone; nobody was told that it was there.
  void on_vanish(Tell tell) const { state_->tell_vanished = std::move(tell); }

  void set_faults(testing::DestinationFaults moods) const { state_->moods.set_faults(moods); }

  /// From now on an object may come with other bytes: the journal's medium has gone bad.
  void let_change() const { state_->may_change = true; }

  const std::vector<std::string>& violations() const { return state_->violations; }

  DeliveryResult put_object(const Object& object, Attempt& attempt,
                            const testing::SimulatedEnv& env) const {
    using Kind = testing::AttemptPlan::Kind;
    const std::string key(object.key);
    testing::AttemptPlan plan = state_->moods.plan(key);
    const std::chrono::nanoseconds patience = attempt.deadline() - attempt.now();
    env.advance(std::min(plan.delay, patience));
    if (!env.is_alive()) {
      return retry("the process is dead");
    }
    switch (plan.kind) {
      case Kind::fail:
      case Kind::throttle:
        return retry("not now", std::chrono::milliseconds(plan.kind == Kind::fail ? 0 : 3000));
      case Kind::throw_up:
        throw std::runtime_error("no such device");
      case Kind::hang:
        env.advance(attempt.deadline() - attempt.now());
        return retry("too late");
      case Kind::hang_committed:
      case Kind::lose_answer:
        static_cast<void>(put_and_look(object, attempt, env, false));
        return retry("the answer was lost");
      default:
        return put_and_look(object, attempt, env, true);
    }
  }

  /// What was confirmed must be there; of the rest any object may be gone, and none half there.
  void look_after_power_cut() const {
    for (auto kept = state_->contents.begin(); kept != state_->contents.end();) {
      const auto& [key, object] = *kept;
      const std::optional<std::string> there = state_->content(key);
      if (!there && !object.is_confirmed) {
        tell_each(state_->tell_vanished, key, object.bytes, {});
        kept = state_->contents.erase(kept);
        continue;
      }
      if (there != object.bytes) {
        state_->violations.push_back((there ? "torn by a power cut: " : "gone by a power cut: ") +
                                     key);
      }
      ++kept;
    }
  }

  /// There is what was put there, and nothing else.
  void look_at_everything() const {
    const std::string prefix = state_->directory + "/";
    std::uint64_t objects = 0;
    for (const std::string& path : state_->world.disk().paths()) {
      if (!path.starts_with(prefix) || path.find("/.hydrant-") != std::string::npos) {
        continue;
      }
      ++objects;
      const auto known = state_->contents.find(path.substr(prefix.size()));
      if (known == state_->contents.end() ||
          state_->world.disk().content(path) != known->second.bytes) {
        state_->violations.push_back("an object that nobody has put: " + path);
      }
    }
    if (objects != state_->contents.size()) {
      state_->violations.push_back("objects are gone");
    }
  }

 private:
  struct Kept {
    std::string bytes;
    bool is_confirmed = false;
  };

  struct State {
    State(testing::Simulation of_world, std::string top, testing::DestinationFaults faults)
        : world(std::move(of_world)),
          directory(std::move(top)),
          store(DirectoryStoreOptions{.directory = directory}),
          moods(world.next_seed(), faults, testing::Keeps::one_per_key) {}

    std::optional<std::string> content(const std::string& key) const {
      return world.disk().content(directory + "/" + key);
    }

    testing::Simulation world;
    std::string directory;
    DirectoryStore store;
    testing::SimulatedDestination moods;
    std::map<std::string, Kept> contents;
    Tell tell;
    Tell tell_vanished;
    std::vector<std::string> violations;
    bool may_change = false;
  };

  DeliveryResult put_and_look(const Object& object, Attempt& attempt,
                              const testing::SimulatedEnv& env, bool is_heard) const {
    const std::string key(object.key);
    std::string bytes;
    const Status made = object.body.write_to([&](std::span<const std::byte> piece) {
      bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      return success();
    });
    env.note("lake: put", key, bytes.size());
    DeliveryResult result = state_->store.put_object(object, attempt);
    const bool is_confirmed = made && is_heard && result.is_delivered() && env.is_alive();
    const std::optional<std::string> there = state_->content(key);
    const auto known = state_->contents.find(key);
    const bool is_known = known != state_->contents.end();
    const bool is_as_before = is_known && there == known->second.bytes;
    if (!there || (there != bytes && !is_as_before)) {
      if (there || is_confirmed || is_known) {
        state_->violations.push_back("not what was put: " + key);
      }
      return result;
    }
    if (is_known && bytes != known->second.bytes && !state_->may_change) {
      state_->violations.push_back("same identity, other bytes: " + key);
    }
    if (is_as_before && !result.is_delivered()) {
      return result;  // whether it was written once more nobody can tell
    }
    Kept& kept = state_->contents[key];
    kept.bytes = *there;
    kept.is_confirmed = kept.is_confirmed || result.is_delivered();
    tell_each(state_->tell, key, bytes, {{}, {}, is_known, is_confirmed, env.number()});
    return result;
  }

  static void tell_each(const Tell& tell, const std::string& key, const std::string& bytes,
                        testing::CommittedRecord how) {
    how.key = key;
    for (const std::string& line : lines_of(bytes)) {
      how.record = line;
      tell(how);
    }
  }

  std::shared_ptr<State> state_;
};

/// The store of an object sink: far away, or a lake.
/// Threads: as SimulatedEnv.
class ChosenStore {
 public:
  static constexpr std::string_view name = "simulated";

  ChosenStore(testing::SimulatedDestination far, std::optional<Lake> lake,
              testing::SimulatedEnv env)
      : far_(std::move(far), env), lake_(std::move(lake)), env_(std::move(env)) {}

  DeliveryResult put_object(const Object& object, Attempt& attempt) {
    return lake_ ? lake_->put_object(object, attempt, env_) : far_.put_object(object, attempt);
  }

 private:
  testing::SimulatedStore far_;
  std::optional<Lake> lake_;
  testing::SimulatedEnv env_;
};

static_assert(Store<ChosenStore>);

}  // namespace hydrant::tests
