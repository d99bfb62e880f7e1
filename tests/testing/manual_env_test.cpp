// SPDX-License-Identifier: MIT
#include <hydrant/delivery_stream.hpp>
#include <hydrant/sink/callback_sink.hpp>
#include <hydrant/testing/manual_env.hpp>

#include <string>
#include <thread>
#include <vector>

#include "test.hpp"

using namespace hydrant::literals;
using hydrant::SteadyTime;
using hydrant::testing::ManualEnv;

namespace {

/// Notes when it ran.
class NoteTask final : public hydrant::detail::Task {
 public:
  NoteTask(ManualEnv env, std::string name, std::vector<std::string>& log)
      : env_(std::move(env)), name_(std::move(name)), log_(&log), began_(env_.steady_now()) {}

  void run() noexcept override {
    log_->push_back(name_ + "@" + hydrant::to_text(env_.steady_now() - began_));
  }

 private:
  ManualEnv env_;
  std::string name_;
  std::vector<std::string>* log_;
  SteadyTime began_;
};

}  // namespace

TEST_CASE("manual env runs what becomes due in the order of its time", "[testing][manual_env]") {
  ManualEnv env;
  std::vector<std::string> log;
  const auto late = std::make_shared<NoteTask>(env, "late", log);
  const auto soon = std::make_shared<NoteTask>(env, "soon", log);
  const auto after = std::make_shared<NoteTask>(env, "after", log);
  env.executor()->post_at(late, env.steady_now() + 7s);
  env.executor()->post_at(after, env.steady_now() + 10s + 1ns);
  env.executor()->post_at(soon, env.steady_now() + 2s);
  const SteadyTime before = env.steady_now();

  env.advance(10s);

  REQUIRE(log == std::vector<std::string>{"soon@2 s", "late@7 s"});
  REQUIRE(env.steady_now() == before + 10s);
  env.executor()->forget(*after);
}

TEST_CASE("manual env gives equal dice for equal seeds", "[testing][manual_env]") {
  ManualEnv one(42);
  ManualEnv same(42);
  ManualEnv other(43);

  const std::uint64_t first = one.random();

  REQUIRE(first == same.random());
  REQUIRE(first != other.random());
  REQUIRE(first != one.random());
}

TEST_CASE("manual env moves the wall clock alone when it jumps", "[testing][manual_env]") {
  ManualEnv env;
  const SteadyTime steady = env.steady_now();
  const hydrant::WallTime wall = env.wall_now();

  env.jump_wall(-5min);
  REQUIRE(env.wall_now() == wall - 5min);
  env.set_wall(hydrant::WallTime(77ms));
  REQUIRE(env.wall_now() == hydrant::WallTime(77ms));
  REQUIRE(env.steady_now() == steady);

  env.advance(3s);
  REQUIRE(env.wall_now() == hydrant::WallTime(3077ms));
}

TEST_CASE("manual env skips the time that a flush waits for", "[testing][manual_env]") {
  ManualEnv env;
  std::vector<std::string> got;
  const SteadyTime before = env.steady_now();
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "t", .buffering = {.interval = 60s}}, hydrant::identity,
      hydrant::CallbackSink{[&](const hydrant::Batch& batch) {
        for (const hydrant::RecordView record : batch.records()) {
          got.emplace_back(record.text());
        }
      }},
      env};
  REQUIRE(stream.put("one"));
  REQUIRE(got.empty());

  REQUIRE(stream.flush(1s).complete);

  REQUIRE(got == std::vector<std::string>{"one"});
  REQUIRE(env.steady_now() == before);  // there was nothing to wait for
}

TEST_CASE("manual env takes posts from other threads", "[testing][manual_env]") {
  ManualEnv env;
  std::uint64_t count = 0;
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "t"}, hydrant::identity,
      hydrant::CallbackSink{[&](const hydrant::Batch& batch) { count += batch.count(); }}, env};

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&stream] {
      for (int k = 0; k < 1000; ++k) {
        static_cast<void>(stream.put("record"));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  REQUIRE(stream.close(1s).complete);
  REQUIRE(count == 4000);
}
