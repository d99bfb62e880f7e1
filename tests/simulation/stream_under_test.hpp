// SPDX-License-Identifier: MIT
//
// The stream that a simulated process runs, without its type, so that what
// happens to it is written, and compiled, once for all kinds of streams.
#pragma once

#include <hydrant/delivery_stream.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/object_sink.hpp>
#include <hydrant/testing/simulated_sink.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/lake.hpp"
#include "simulation/plan.hpp"

namespace hydrant::tests {

/// A stream of any kind.
class StreamUnderTest {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  StreamUnderTest() = default;
  StreamUnderTest(const StreamUnderTest&) = delete;
  StreamUnderTest& operator=(const StreamUnderTest&) = delete;
  virtual ~StreamUnderTest() = default;

  virtual PutResult put(std::string_view record) = 0;
  virtual PutResult put_durable(std::string_view record, Nanoseconds timeout) = 0;
  /// By reserve and commit.
  virtual PutResult format(std::string_view record) = 0;
  virtual std::vector<PutResult> put_batch(std::span<const std::string_view> records) = 0;
  virtual SyncStatus sync(Nanoseconds timeout) = 0;
  virtual WaitStatus wait(Ticket ticket, Nanoseconds timeout) = 0;
  virtual DeliveryReport flush(Nanoseconds timeout) = 0;
  virtual DeliveryReport close(Nanoseconds timeout) = 0;
  virtual Ledger ledger() = 0;
  virtual BackupLedger backup_ledger() = 0;
  virtual StreamSnapshot snapshot() = 0;
  virtual std::string history() = 0;
};

/// A stream of one kind.
template <class Stream>
class TypedStream final : public StreamUnderTest {
 public:
  template <class... Parts>
  explicit TypedStream(Parts&&... parts) : stream_(std::forward<Parts>(parts)...) {}

  PutResult put(std::string_view record) override { return stream_.put(record); }

  PutResult put_durable(std::string_view record, Nanoseconds timeout) override {
    return stream_.put_durable(record, timeout);
  }

  PutResult format(std::string_view record) override {
    Room room = stream_.reserve(record.size());
    if (!room) {
      return room.status();
    }
    record.copy(room.data(), record.size());
    return room.commit(record.size());
  }

  std::vector<PutResult> put_batch(std::span<const std::string_view> records) override {
    std::vector<PutResult> results(records.size());
    static_cast<void>(stream_.put_batch(records, results));
    return results;
  }

  SyncStatus sync(Nanoseconds timeout) override { return stream_.sync(timeout); }

  WaitStatus wait(Ticket ticket, Nanoseconds timeout) override {
    return stream_.wait(ticket, timeout);
  }

  DeliveryReport flush(Nanoseconds timeout) override { return stream_.flush(timeout); }

  DeliveryReport close(Nanoseconds timeout) override { return stream_.close(timeout); }

  Ledger ledger() override { return stream_.ledger(); }

  BackupLedger backup_ledger() override { return stream_.backup_ledger(); }

  StreamSnapshot snapshot() override { return stream_.snapshot(); }

  std::string history() override { return stream_.history(); }

 private:
  Stream stream_;
};

/// One of the places that records arrive at.
struct Destination {
  Destination(const testing::Simulation& world, const Plan& plan, const std::string& name,
              testing::DestinationFaults faults)
      : simulated(world.next_seed(), faults,
                  plan.is_idempotent ? testing::Keeps::one_per_key : testing::Keeps::every_copy) {
    if (plan.into == Into::lake) {
      lake.emplace(world, name, faults);
    }
  }

  void on_commit(Lake::Tell tell) const {
    if (lake) {
      lake->on_commit(tell);
    }
    simulated.on_commit(std::move(tell));
  }

  void be_well() const {
    simulated.set_faults({});
    if (lake) {
      lake->set_faults({});
    }
  }

  void let_change() const {
    simulated.let_change();
    if (lake) {
      lake->let_change();
    }
  }

  std::vector<std::string> violations() const {
    std::vector<std::string> all = simulated.violations();
    if (lake) {
      all.insert(all.end(), lake->violations().begin(), lake->violations().end());
    }
    return all;
  }

  auto records(const testing::SimulatedEnv& env) const {
    return testing::SimulatedSink{simulated, env};
  }

  auto objects(const testing::SimulatedEnv& env) const {
    return ObjectSink{ChosenStore{simulated, lake, env}, Lines{}, Uncompressed{}};
  }

  testing::SimulatedDestination simulated;
  std::optional<Lake> lake;
};

/// Opens the streams of a plan.
class StreamOpener {
 public:
  StreamOpener(const Plan& plan, const Destination& main, const Destination& errors,
               const Destination& backup)
      : plan_(&plan), main_(&main), errors_(&errors), backup_(&backup) {}

  /// Errors: OptionsError, as the stream's.
  std::unique_ptr<StreamUnderTest> open(const testing::SimulatedEnv& env) const {
    return plan_->transforms ? with_transform(unfold, env) : with_transform(identity, env);
  }

 private:
  using Opened = std::unique_ptr<StreamUnderTest>;

  template <class Transform>
  Opened with_transform(Transform transform, const testing::SimulatedEnv& env) const {
    switch (plan_->into) {
      case Into::records:
        return with_outputs(transform, main_->records(env), env, errors_->records(env),
                            backup_->records(env));
      case Into::objects:
        return with_outputs(transform, main_->objects(env), env, errors_->records(env),
                            backup_->records(env));
      case Into::lake:
        break;
    }
    return with_outputs(transform, main_->objects(env), env, errors_->objects(env),
                        backup_->objects(env));
  }

  template <class Transform, class Sink, class Output>
  Opened with_outputs(Transform transform, Sink sink, const testing::SimulatedEnv& env,
                      Output errors, Output backup) const {
    using Stream = DeliveryStream<Transform, Sink, testing::SimulatedEnv>;
    auto error_lane = error_output(std::move(errors), plan_->outputs);
    if (!plan_->backs_up) {
      return std::make_unique<TypedStream<Stream>>(plan_->options, transform, std::move(sink), env,
                                                   std::move(error_lane));
    }
    return std::make_unique<TypedStream<Stream>>(plan_->options, transform, std::move(sink), env,
                                                 std::move(error_lane),
                                                 source_backup(std::move(backup), plan_->outputs));
  }

  const Plan* plan_;
  const Destination* main_;
  const Destination* errors_;
  const Destination* backup_;
};

}  // namespace hydrant::tests
