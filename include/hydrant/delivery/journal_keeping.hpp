// SPDX-License-Identifier: MIT
//
// Engine, part four: the books on the disk. What the stream does with its
// journal, where it has one: which batches it seals, which records it owes from
// earlier lives, and when a spool has done its service.
#pragma once

#include <hydrant/core/digest.hpp>
#include <hydrant/delivery/engine.hpp>
#include <hydrant/delivery/resuming.hpp>

#include <algorithm>

namespace hydrant::detail {

/// Errors: OptionsError when the directory cannot hold a journal, or is in use.
inline std::shared_ptr<Journal> open_journal(const std::shared_ptr<World>& world,
                                             const JournalOptions& options,
                                             const std::string& stream) {
  Result<std::shared_ptr<Journal>> journal = Journal::open(world, options, stream);
  if (!journal) {
    OptionErrors errors;
    errors.check(false, "journal.directory", journal.failure().message,
                 "\"" + options.directory + "\"");
    throw OptionsError("stream \"" + stream + "\"", std::move(errors));
  }
  return std::move(journal.value());
}

/// Names this life of the stream. Its spool is made with the first chunk.
inline void Engine::begin_life() {
  if (journaling_ != nullptr) {
    journaling_->journal().begin_life({.epoch = epoch_,
                                       .id_seed_high = id_seed_high_,
                                       .id_seed_low = id_seed_low_,
                                       .created_at = world_->wall_now(),
                                       .boot_id = {},
                                       .owes_backup = backup_ != nullptr});
  }
}

/// Takes over what earlier lives have left, while nothing else happens in the stream yet.
inline void Engine::resume() {
  if (journaling_ != nullptr) {
    Journal& journal = journaling_->journal();
    Journaling::Findings findings = Journaling::find(journal, journal.on_recovery());
    Lock lock(mutex_);
    take_up(findings);
  }
}

/// Takes over what processes that have ended meanwhile have left.
inline void Engine::adopt() noexcept {
  const Engine* outer = std::exchange(engine_of_this_thread, this);
  Lock lock(mutex_);
  adoption_scheduled_ = false;
  if (!closing_ && !detached_) {
    lock.unlock();
    try {
      Journaling::Findings findings = Journaling::find(journaling_->journal(), {});
      lock.lock();
      if (!closing_ && !detached_) {  // else others will find them again: their locks go, too
        if (findings.spools.empty()) {
          tell_journal_trouble();
        } else {
          take_up(findings);
          wake_for_work();
        }
      }
    } catch (...) {  // no memory: another time
      if (!lock) {
        lock.lock();
      }
    }
    schedule_adoption();
  }
  lock.unlock();
  engine_of_this_thread = outer;
}

/// Sees to it that spools of processes that end are looked for. The lock is held.
inline void Engine::schedule_adoption() noexcept {
  constexpr std::chrono::seconds adoption_interval{5};
  if (journaling_ != nullptr && journaling_->journal().is_shared() && !adoption_scheduled_ &&
      !closing_) {
    adoption_scheduled_ = true;
    executor_->post_at(shared(*adopt_task_),
                       saturating_add(world_->steady_now(), adoption_interval));
  }
}

/// There may be work that no put has brought. The lock is held.
inline void Engine::wake_for_work() noexcept {
  parked_ = false;
  quiet_since_ = world_->steady_now();
  executor_->post(shared(*collect_task_));
}

/// The lock is held.
inline void Engine::take_up(Journaling::Findings& findings) {
  const FoundCounts found = findings.counts;
  const Journaling::Resumed resumed = journaling_->take_up(
      findings, *main_, backup_, *error_, version_, commits_started_ + 1, world_->steady_now());
  resumed_ += resumed.records;
  if (found.spools != 0) {
    record_locked(EventKind::resumed, 0, static_cast<std::uint32_t>(resumed.records),
                  "found " + std::to_string(found.spools) + " spools of earlier lives, " +
                      to_text(ByteCount{found.bytes}) + "; " + std::to_string(resumed.batches) +
                      " batches are made again");
  }
  if (resumed.backups_dropped != 0) {
    record_locked(EventKind::journal_failed, 0, 0,
                  "records of earlier lives were to be backed up, too, and will not be: this "
                  "stream has no source backup; give it one before they are delivered");
  }
  if (!findings.trouble.empty()) {
    record_locked(EventKind::journal_failed, 0, 0,
                  "a spool could not be read, and is left to the next start: " + findings.trouble);
  }
  if (found.set_aside != 0 || found.damaged_entries != 0) {
    record_locked(EventKind::journal_damaged, 0, 0,
                  std::to_string(found.set_aside) + " files are set aside in " +
                      journaling_->journal().top() + "/set-aside: unreadable are " +
                      std::to_string(found.damaged_chunks) + " chunks, " +
                      std::to_string(found.damaged_records) + " records, " +
                      std::to_string(found.damaged_entries) + " entries of manifests; " +
                      std::to_string(found.untrusted_chunks) +
                      " chunks are from before the system started");
  }
  tell_journal_trouble();
}

/// Before the first attempt of a batch. The lock is held.
inline void Engine::seal(const Lane& lane, ClosedBatch& batch) {
  if (journaling_ != nullptr && journaling_->seal(lane, batch, version_)) {
    batch.commit = commits_started_ + 1;
  }
}

/// Whether the journal has not yet heard of the end of each of the batch's records.
inline bool Engine::is_open(const Lane& lane, const ClosedBatch& batch) const {
  return std::any_of(batch.slices.begin(), batch.slices.end(),
                     [&](const Slice& slice) { return journaling_->is_open(lane, slice); });
}

/// Calls `visit` for each run of the slice's records whose end on this lane is still open.
template <class Visit>
void Engine::for_each_open(Lane& lane, const Slice& slice, Visit visit) {
  if (journaling_ == nullptr) {
    visit(slice);
  } else {
    journaling_->for_each_open(lane, slice, visit);
  }
}

inline bool Engine::has_ended(const Lane& lane, std::span<const Slice> slices) {
  Lock lock(mutex_);
  bool has_ended = true;
  for (const Slice& slice : slices) {
    journaling_->for_each_open(lane, slice, [&](const Slice&) { has_ended = false; });
  }
  return has_ended;
}

inline void Engine::note_part(const Lane& lane, ClosedBatch& batch, std::uint64_t part,
                              std::span<const Slice> outputs) {
  if (lane.kind != Lane::Kind::main) {
    return;  // letters are made of the notes in the seal
  }
  Digest digest;
  for (const Slice& slice : outputs) {
    for (std::uint32_t index = slice.first; index < slice.last; ++index) {
      digest.add(slice.view().record(index).bytes());
    }
  }
  Lock lock(mutex_);
  if (!Journaling::note_part(batch, part, digest.value())) {
    batch.id_number = batch.spool->manifest().take_number();
    batch.is_made_again = false;
    record_locked(EventKind::journal_damaged, batch.number, batch.count,
                  "the transform made something else of the same records than before the restart: "
                  "the batch is delivered under a new identity, maybe for the second time");
  }
}

inline void Engine::release_found(Chunk& chunk) noexcept {
  journaling_->release(chunk);
}

/// What nobody was told of yet; the same again only after a while. The lock is held.
inline void Engine::tell_journal_trouble() {
  constexpr std::chrono::minutes pause{1};
  std::string trouble = journaling_->journal().take_trouble();
  const SteadyTime now = world_->steady_now();
  if (trouble.empty() ||
      (trouble == journal_trouble_ && now < saturating_add(journal_trouble_at_, pause))) {
    return;
  }
  record_locked(EventKind::journal_failed, 0, 0, "journal: " + trouble);
  journal_trouble_ = std::move(trouble);
  journal_trouble_at_ = now;
}

/// Removes files; lets go of the lock meanwhile.
inline void Engine::remove_ended_spools(Lock& lock) {
  const std::string found = journaling_->journal().mend(world_->steady_now());
  if (!found.empty()) {
    record_locked(EventKind::journal_damaged, 0, 0, "journal: " + found);
    commit_failed_ = commit_failed_ || journaling_->survives_power_loss();  // its log is gone
  }
  tell_journal_trouble();
  const bool is_short = journaling_->is_short_of_room();
  if (is_short && !std::exchange(manifest_was_short_, is_short)) {
    record_locked(EventKind::journal_failed, 0, 0,
                  "journal: no disk space for its manifest: until there is some, what is delivered "
                  "now would be delivered again after a crash");
  }
  manifest_was_short_ = is_short;
  if (!journaling_->has_ended_spools()) {
    return;
  }
  const std::vector<std::shared_ptr<Spool>> ended = journaling_->take_ended();
  lock.unlock();
  for (const std::shared_ptr<Spool>& spool : ended) {
    spool->remove();
  }
  lock.lock();
}

}  // namespace hydrant::detail
