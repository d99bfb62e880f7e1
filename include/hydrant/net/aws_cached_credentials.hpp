// SPDX-License-Identifier: MIT
//
// Keeps what a source has found, and fetches anew ahead of the end: one caller
// at a time does, while the others go on with what there is. A fetch that fails
// is tried again, ever more seldom, and never the last one.
#pragma once

#include <hydrant/core/error.hpp>
#include <hydrant/net/aws_credentials_source.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace hydrant {

/// When kept credentials are fetched anew.
struct AwsRefreshOptions {
  /// So long before they expire. Default 5 min. Range [10 s, 1 h]. Of credentials that are valid
  /// for less than four times as long, it is the last quarter.
  std::chrono::seconds ahead{300};
  /// By up to so much later, by chance, so that a thousand processes do not ask at once.
  /// Default 60 s. Range [0 s, `ahead` / 2].
  std::chrono::seconds jitter{60};
  /// After a fetch that failed the next waits so long, each time twice as long. Default 1 s.
  /// Range [100 ms, `retry_max`].
  std::chrono::milliseconds retry_min{1'000};
  /// But never longer than this. Default 60 s. Range [`retry_min`, 1 h].
  std::chrono::milliseconds retry_max{60'000};

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    using std::chrono::seconds;
    errors.check(ahead >= seconds(10) && ahead <= seconds(3600), "refresh.ahead",
                 "must be within [10 s, 1 h]", std::to_string(ahead.count()) + " s");
    errors.check(jitter >= seconds(0) && jitter <= ahead / 2, "refresh.jitter",
                 "must be within [0 s, half of refresh.ahead]",
                 std::to_string(jitter.count()) + " s");
    errors.check(retry_min.count() >= 100 && retry_min <= retry_max, "refresh.retry_min",
                 "must be within [100 ms, refresh.retry_max]",
                 std::to_string(retry_min.count()) + " ms");
    errors.check(retry_max <= seconds(3600), "refresh.retry_max", "must be at most 1 h",
                 std::to_string(retry_max.count()) + " ms");
  }

  friend bool operator==(const AwsRefreshOptions&, const AwsRefreshOptions&) = default;
};

/// Credentials of a source, kept.
/// Threads: shared: safe.
class CachedAwsCredentials final : public AwsCredentialsProvider {
 public:
  /// `world` and `source` are not null.
  /// Errors: OptionsError.
  CachedAwsCredentials(std::shared_ptr<World> world, std::unique_ptr<AwsCredentialsSource> source,
                       const AwsRefreshOptions& options = {})
      : world_(std::move(world)), source_(std::move(source)), options_(options) {
    OptionErrors errors;
    errors.check(world_ != nullptr, "world", "must not be null", "null");
    errors.check(source_ != nullptr, "source", "must not be null", "null");
    options_.validate(errors);
    if (!errors.empty()) {
      throw OptionsError("CachedAwsCredentials", std::move(errors));
    }
  }

  Result<AwsCredentials> credentials(Attempt& attempt) override {
    constexpr std::chrono::milliseconds turn{100};
    std::unique_lock lock(mutex_);
    while (!is_this_callers_turn()) {
      if (is_usable()) {
        return *held_;
      }
      if (!is_being_fetched()) {
        return why_none();
      }
      if (attempt.cancelled()) {
        return Failure{source_->name() +
                       ": given up, out of time, while another thread was asking for credentials"};
      }
      changed_.wait_for(lock, turn);
    }
    const std::uint64_t fetch = begin_fetch();
    lock.unlock();
    Result<AwsCredentials> fetched = fetch_guarded(attempt);
    const bool is_given_up = !fetched && attempt.cancelled();
    lock.lock();
    if (fetch == fetch_number_) {
      is_fetching_ = false;
      settle(fetched, is_given_up);
      changed_.notify_all();
    }
    return is_usable() ? Result<AwsCredentials>(*held_) : fetched;
  }

  /// What was fetched less than ten seconds ago is believed a little longer: requests that were on
  /// their way with the old credentials complain late, and a source that answers with the same
  /// ones again is not asked in a circle.
  void invalidate() override {
    constexpr std::chrono::seconds too_young{10};
    std::lock_guard guard(mutex_);
    if (held_ && world_->steady_now() >= saturating_add(fetched_at_, too_young)) {
      is_refused_ = true;
    }
  }

  /// For whoever looks after the program: where credentials come from, until when they are valid,
  /// and why the last fetch failed if it did.
  std::string describe() const {
    std::lock_guard guard(mutex_);
    std::string text = source_->name() + ": ";
    if (!held_) {
      text += "no credentials yet";
    } else if (is_refused_) {
      text += "credentials that a service has refused";
    } else {
      text += held_->expires ? "credentials until " + amz_date(*held_->expires)
                             : "credentials that last";
    }
    return failure_.empty() ? text : text + "; last failure: " + failure_;
  }

 private:
  /// A fetch takes no longer; one that does is of a thread that a fork has left behind.
  static constexpr std::chrono::minutes fetch_time_max{5};

  bool is_usable() const {
    return held_ && !is_refused_ && (!held_->expires || world_->wall_now() < *held_->expires);
  }

  bool is_being_fetched() const {
    return is_fetching_ && world_->steady_now() < saturating_add(fetch_began_, fetch_time_max);
  }

  bool is_this_callers_turn() const {
    const bool is_due = !is_usable() || (refresh_at_ && world_->wall_now() >= *refresh_at_);
    return is_due && !is_being_fetched() && world_->steady_now() >= retry_at_;
  }

  Failure why_none() const {
    return {failure_.empty() ? source_->name() + ": what it gave has expired, and it had no others"
                             : failure_};
  }

  std::uint64_t begin_fetch() {
    is_fetching_ = true;
    fetch_began_ = world_->steady_now();
    return ++fetch_number_;
  }

  Result<AwsCredentials> fetch_guarded(Attempt& attempt) {
    try {
      Result<AwsCredentials> fetched = source_->fetch([&attempt] { return attempt.cancelled(); });
      if (fetched && fetched.value().expires && *fetched.value().expires <= world_->wall_now()) {
        return Failure{source_->name() + ": the credentials that came back expired at " +
                       amz_date(*fetched.value().expires) + " (check this machine's clock)"};
      }
      return fetched;
    } catch (...) {
      // What it says may hold a secret.
      return Failure{source_->name() + ": an exception was thrown"};
    }
  }

  void settle(Result<AwsCredentials>& fetched, bool is_given_up) {
    if (!fetched) {
      failure_ = fetched.failure().message;
      if (!is_given_up) {  // whoever gave up has learned nothing about the source
        back_off();
      }
      return;
    }
    failure_.clear();
    const bool is_same = held_ && *held_ == fetched.value();
    held_ = fetched.value();
    is_refused_ = false;
    fetched_at_ = world_->steady_now();
    refresh_at_ = refresh_time();
    if (is_same) {
      back_off();  // there are no others yet
    } else {
      failures_ = 0;
      retry_at_ = SteadyTime{};
    }
  }

  std::optional<WallTime> refresh_time() {
    if (!held_->expires) {
      return std::nullopt;
    }
    const auto lifetime = *held_->expires - world_->wall_now();
    auto ahead = std::chrono::milliseconds(options_.ahead) - by_chance(options_.jitter);
    ahead = std::min<std::chrono::milliseconds>(ahead, lifetime / 4);
    return *held_->expires - ahead;
  }

  void back_off() {
    constexpr unsigned doublings_max = 20;
    const auto wait = options_.retry_min * (1ll << std::min(failures_++, doublings_max));
    const std::chrono::milliseconds longest =
        std::min<std::chrono::milliseconds>(wait, options_.retry_max);
    retry_at_ = saturating_add(world_->steady_now(), longest - by_chance(longest / 2));
  }

  std::chrono::milliseconds by_chance(std::chrono::milliseconds at_most) {
    return std::chrono::milliseconds(world_->random() %
                                     (static_cast<std::uint64_t>(at_most.count()) + 1));
  }

  const std::shared_ptr<World> world_;
  const std::unique_ptr<AwsCredentialsSource> source_;
  const AwsRefreshOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<AwsCredentials> held_;
  /// A service did not take what is held.
  bool is_refused_ = false;
  SteadyTime fetched_at_{};
  /// Nothing: they last.
  std::optional<WallTime> refresh_at_;
  /// No fetch before this.
  SteadyTime retry_at_{};
  unsigned failures_ = 0;
  std::string failure_;
  bool is_fetching_ = false;
  SteadyTime fetch_began_{};
  std::uint64_t fetch_number_ = 0;
};

}  // namespace hydrant
