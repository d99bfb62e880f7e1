// SPDX-License-Identifier: MIT
//
// A stream's journal: its directory, the spool of its present life, and those
// of earlier lives whose records have not all ended.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/journal/journal_options.hpp>
#include <hydrant/journal/manifest_recovery.hpp>
#include <hydrant/journal/spool.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// The journal of one stream in one process.
/// Threads: shared: safe for make_blocks and adopt; the rest is its owner's to guard.
class Journal final : public BlockStore {
 public:
  /// Makes the directory and takes its lock.
  static Result<std::shared_ptr<Journal>> open(std::shared_ptr<World> world,
                                               const JournalOptions& options,
                                               const std::string& stream) {
    auto journal = std::shared_ptr<Journal>(
        new Journal(std::move(world), options, options.directory + "/" + stream + ".journal"));
    Files& files = journal->world_->files();
    if (Status made = files.make_directories(journal->top_); !made) {
      return made.failure();
    }
    if (!options.shared) {
      Result<std::unique_ptr<FileLock>> lock = files.lock(journal->top_ + "/lock");
      if (!lock) {
        const bool is_taken = lock.failure().os_code == EWOULDBLOCK;
        return Failure{is_taken
                           ? "is in use by another stream of this name: close that one, choose "
                             "another directory, or set journal.shared on both"
                           : lock.failure().message,
                       lock.failure().os_code};
      }
      journal->lock_ = std::move(lock.value());
    }
    return journal;
  }

  /// Names the life that begins. Its spool is made with the first block.
  void begin_life(SpoolIdentity identity) {
    const std::lock_guard guard(mutex_);
    next_ = std::move(identity);
    next_.boot_id = world_->files().boot_id();
    current_ = nullptr;
    is_over_ = false;
  }

  /// The spool of the present life, made if need be. Null, and `trouble`, when that fails.
  std::shared_ptr<Spool> current() noexcept {
    const std::lock_guard guard(mutex_);
    if (current_ == nullptr && !is_over_) {
      try {
        make_current();
      } catch (...) {  // no memory
        trouble_ = "out of memory";
      }
    }
    return current_;
  }

  /// The same, but not made for this.
  std::shared_ptr<Spool> current_if_made() {
    const std::lock_guard guard(mutex_);
    return current_;
  }

  Blocks make_blocks(std::size_t bytes, std::size_t count) noexcept override {
    // A disk that is full stays so for a while: not every put is to find that out for itself.
    constexpr std::chrono::milliseconds pause{100};
    const SteadyTime now = world_->steady_now();
    if (now.time_since_epoch().count() < not_before_.load(std::memory_order_relaxed)) {
      return {};
    }
    const std::shared_ptr<Spool> spool = current();
    const Blocks blocks = spool == nullptr ? Blocks{} : spool->make_blocks(bytes, count);
    if (blocks.memory == nullptr) {
      not_before_.store(saturating_add(now, pause).time_since_epoch().count(),
                        std::memory_order_relaxed);
    }
    return blocks;
  }

  // Blocks belong to their spool.
  void page_out(std::byte*, std::size_t) noexcept override {}

  void free_block(std::byte*, std::size_t) noexcept override {}

  /// The spools of processes that have ended, oldest first, each now locked by this one. By one
  /// thread at a time.
  std::vector<std::shared_ptr<Spool>> adopt() {
    std::vector<std::shared_ptr<Spool>> spools;
    Files& files = world_->files();
    Result<std::vector<std::string>> names = files.list(top_);
    if (!names) {
      note_trouble(names.failure().message);
      return spools;
    }
    for (const std::string& name : names.value()) {
      if (is_spool_name(name)) {
        if (std::shared_ptr<Spool> spool = adopt_one(name)) {
          spools.push_back(std::move(spool));
        }
      } else if (is_lock_without_spool(name, names.value())) {
        if (auto lock = files.lock(top_ + "/" + name)) {  // left by who died in making a spool
          static_cast<void>(files.remove(top_ + "/" + name));
        }
      }
    }
    std::sort(spools.begin(), spools.end(), [](const auto& a, const auto& b) {
      return std::pair(a->identity().created_at, a->name()) <
             std::pair(b->identity().created_at, b->name());
    });
    return spools;
  }

  /// A spool that was adopted is this stream's, and is not to be adopted again.
  void keep(const Spool& spool) {
    const std::lock_guard guard(mutex_);
    kept_.push_back(spool.name());
  }

  /// Why something could not be written since it was last asked; empty when all is well.
  std::string take_trouble() {
    const std::lock_guard guard(mutex_);
    std::string trouble = std::exchange(trouble_, {});
    return trouble.empty() && current_ != nullptr ? current_->take_trouble() : trouble;
  }

  /// Every record of the present life has ended, and no more will come: leaves nothing behind.
  void remove_current() {
    const std::lock_guard guard(mutex_);
    is_over_ = true;
    if (current_ != nullptr) {
      current_->remove();
    }
  }

  /// Nobody works on the present life any more: the next may take it over. Threads that have put
  /// keep its memory for a while.
  void end_life() {
    const std::lock_guard guard(mutex_);
    if (current_ != nullptr) {
      current_->unlock();
    }
  }

  /// The owner of the stream is gone: another may open the directory. Spools stay locked.
  void unlock() { lock_ = nullptr; }

  /// Looks, once a second, whether somebody has removed the journal, and makes it again.
  /// Returns: what it found; empty when all is well.
  std::string mend(SteadyTime now) {
    constexpr std::chrono::seconds pause{1};
    const std::lock_guard guard(mutex_);
    if (is_over_ || now < next_look_) {
      return {};
    }
    next_look_ = saturating_add(now, pause);
    const bool is_gone = current_ != nullptr && !current_->is_in_place();
    if (!is_gone && (lock_ == nullptr || lock_->is_in_place())) {
      return {};
    }
    Status mended = world_->files().make_directories(top_);
    if (mended && is_gone) {
      mended = current_->restore();
    }
    if (mended && lock_ != nullptr) {
      if (auto lock = world_->files().lock(top_ + "/lock")) {
        lock_ = std::move(lock.value());
      } else {
        mended = lock.failure();
      }
    }
    return "somebody has removed " + top_ +
           " while it was in use: what was in it survives no crash, and is still delivered; " +
           (mended ? "it is made again, for what comes" : mended.failure().message);
  }

  /// In a forked child: everything so far is the parent's.
  void forget_in_child() {
    new (&mutex_) std::mutex;
    kept_.clear();
    if (lock_ != nullptr) {
      lock_->forget();
      lock_ = nullptr;
    }
    if (current_ != nullptr) {
      current_->forget_in_child();
      // The parent's memory stays: the thread that forked may be about to write to it.
      parents_.push_back(std::move(current_));
      current_ = nullptr;
    }
  }

  const std::string& top() const { return top_; }

  const Durability& durability() const { return durability_; }

  /// Whether spools of other processes may be left over at any time.
  bool is_shared() const { return is_shared_; }

  const std::function<void(const RecoveryProgress&)>& on_recovery() const { return on_recovery_; }

  static std::string name_of(std::uint64_t epoch) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (int shift = 60; shift >= 0; shift -= 4) {
      name += digits[epoch >> shift & 0xf];
    }
    return name;
  }

 private:
  Journal(std::shared_ptr<World> world, const JournalOptions& options, std::string top)
      : world_(std::move(world)), top_(std::move(top)), budget_(std::make_shared<DiskBudget>()) {
    budget_->limit = options.disk_limit.value;
    durability_ = options.durability;
    is_shared_ = options.shared;
    on_recovery_ = options.on_recovery;
  }

  static bool is_spool_name(const std::string& name) {
    return name.size() == 16 && std::all_of(name.begin(), name.end(), [](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
  }

  static bool is_lock_without_spool(const std::string& name,
                                    const std::vector<std::string>& names) {
    constexpr std::string_view suffix = ".lock";
    if (!name.ends_with(suffix)) {
      return false;
    }
    const std::string spool = name.substr(0, name.size() - suffix.size());
    return is_spool_name(spool) && std::find(names.begin(), names.end(), spool) == names.end();
  }

  void make_current() {
    Files& files = world_->files();
    Spool::Place place{&files, top_, name_of(next_.epoch), budget_};
    // The lock first: a spool without one is a dead process's.
    Result<std::unique_ptr<FileLock>> lock = files.lock(place.directory() + ".lock");
    if (!lock) {
      add_trouble(lock.failure().message);
      return;
    }
    if (Status made = files.make_directories(place.directory()); !made) {
      add_trouble(made.failure().message);
      return;
    }
    Result<std::unique_ptr<Manifest>> manifest = Manifest::create(files, place.directory(), next_);
    if (!manifest) {
      add_trouble(manifest.failure().message);
      Spool(std::move(place), std::move(lock.value()), nullptr).remove_if_empty();
      return;
    }
    current_ = std::make_shared<Spool>(std::move(place), std::move(lock.value()),
                                       std::move(manifest.value()));
    if (durability_.survives_power_loss()) {
      current_->start_log(0, CommitLog::file_bytes_default);
    }
  }

  void note_trouble(const std::string& text) {
    const std::lock_guard guard(mutex_);
    add_trouble(text);
  }

  /// Of many the first ones are told. The lock is held.
  void add_trouble(const std::string& text) {
    constexpr std::size_t bytes_max = 2000;
    if (trouble_.find(text) == std::string::npos && trouble_.size() + text.size() <= bytes_max) {
      trouble_ += (trouble_.empty() ? "" : "; ") + text;
    }
  }

  std::shared_ptr<Spool> adopt_one(const std::string& name) {
    if (is_held(name)) {  // even where somebody has removed its lock
      return nullptr;
    }
    Files& files = world_->files();
    Spool::Place place{&files, top_, name, budget_};
    Result<std::unique_ptr<FileLock>> lock = files.lock(place.directory() + ".lock");
    if (!lock) {
      if (lock.failure().os_code != EWOULDBLOCK) {  // else its process lives
        note_trouble(lock.failure().message);
      }
      return nullptr;
    }
    Result<std::vector<std::string>> names = files.list(place.directory());
    if (!names) {
      note_trouble(names.failure().message);
      return nullptr;
    }
    if (SpoolRemoval::has_begun(names.value())) {
      Spool(std::move(place), std::move(lock.value()), nullptr).remove();
      return nullptr;
    }
    ManifestRecovery recovery(*world_, place, names.value(), backs_up());
    Result<std::unique_ptr<Manifest>> manifest = recovery.recover();
    if (!manifest) {
      note_trouble(manifest.failure().message);
      if (recovery.holds_nothing()) {
        Spool(std::move(place), std::move(lock.value()), nullptr).remove_if_empty();
      }
      return nullptr;
    }
    auto spool = std::make_shared<Spool>(std::move(place), std::move(lock.value()),
                                         std::move(manifest.value()));
    if (durability_.survives_power_loss()) {
      spool->start_log(recovery.last_log().value_or(0), CommitLog::file_bytes_default);
    }
    return spool;
  }

  bool backs_up() {
    const std::lock_guard guard(mutex_);
    return next_.owes_backup;
  }

  bool is_held(const std::string& name) {
    const std::lock_guard guard(mutex_);
    return (current_ != nullptr && current_->name() == name) ||
           std::find(kept_.begin(), kept_.end(), name) != kept_.end();
  }

  const std::shared_ptr<World> world_;
  const std::string top_;
  const std::shared_ptr<DiskBudget> budget_;
  Durability durability_;
  bool is_shared_ = false;
  std::function<void(const RecoveryProgress&)> on_recovery_;
  std::unique_ptr<FileLock> lock_;
  std::mutex mutex_;  // for what follows
  SpoolIdentity next_;
  std::shared_ptr<Spool> current_;
  std::vector<std::shared_ptr<Spool>> parents_;  // in a forked child
  std::vector<std::string> kept_;                // names of spools that were adopted
  bool is_over_ = false;
  std::atomic<SteadyTime::rep> not_before_{SteadyTime::min().time_since_epoch().count()};
  std::string trouble_;
  SteadyTime next_look_ = SteadyTime::min();
};

}  // namespace hydrant::detail
