// SPDX-License-Identifier: MIT
//
// The inside of a simulated disk: what each call meets, fault or not, and the
// open files, mappings, logs and locks of a process, which end with it.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/core/system_files.hpp>
#include <hydrant/testing/event_trace.hpp>
#include <hydrant/testing/simulated_names.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// How often a simulated disk fails, in a thousand calls.
struct DiskFaults {
  /// Any call, with EIO, or ENOSPC where it needs space.
  std::uint32_t any_call = 0;
  /// A sync: some of what was written is forgotten, and no later sync finds it again.
  std::uint32_t sync = 0;
  /// The system writes a page back that nobody has synced. Nobody is told.
  std::uint32_t write_back = 100;
};

namespace detail {

enum class CallKind : std::uint8_t { plain, allocates, syncs };

/// A process, as far as the disk knows of it. What it has opened ends with it.
struct ProcessOnDisk {
  bool is_alive = true;
  std::uint64_t calls = 0;
  std::uint64_t killing_call = 0;
  std::uint64_t syncs = 0;
  std::uint64_t killing_sync = 0;
  std::function<void()> killed;
};

using ProcessPointer = std::shared_ptr<ProcessOnDisk>;

/// A disk and the processes that use it. Everything is guarded by `lock`.
struct DiskState {
  DiskState(std::uint64_t seed, std::shared_ptr<EventTrace> event_trace)
      : dice(seed), trace(std::move(event_trace)) {}

  ProcessPointer new_process() {
    processes.push_back(std::make_shared<ProcessOnDisk>());
    return processes.back();
  }

  /// Each call comes by here first. Returns: 0, or the error that it is to fail with.
  int begin_call(const ProcessPointer& process, std::string_view what, const std::string& path,
                 std::uint64_t number, CallKind kind = CallKind::plain) {
    if (!process->is_alive) {
      return EIO;
    }
    ++calls;
    ++process->calls;
    process->syncs += kind == CallKind::syncs ? 1u : 0u;
    write_back();
    int code = broken;
    if (failing_from <= calls && calls < failing_until) {
      code = failing_code;
    } else if (dice.chance(faults.any_call)) {
      code = kind == CallKind::allocates && dice.chance(500) ? ENOSPC : EIO;
    } else if (kind == CallKind::syncs && dice.chance(faults.sync)) {
      code = EIO;
    }
    note(what, path, number);
    if (process->calls == process->killing_call ||
        (kind == CallKind::syncs && process->syncs == process->killing_sync)) {
      kill(process);
      return EIO;
    }
    return code == 0 ? 0 : fail(path, code);
  }

  /// Returns: the error with which a call fails for which there is no space.
  int is_full(const std::string& path) { return fail(path, ENOSPC); }

  int fail(const std::string& path, int code) {
    ++failures;
    note("disk: the call fails, error", path, static_cast<std::uint64_t>(code));
    return code;
  }

  void kill(ProcessPointer process) {
    if (!process->is_alive) {
      return;
    }
    note("disk: process killed", {}, calls);
    process->is_alive = false;
    std::erase(processes, process);
    std::erase_if(locked, [&](const auto& held) { return held.second == process; });
    for (const auto& [path, file] : names.files()) {
      if (file->is_mapped_by(process.get())) {
        file->part_from_mappings();
      }
    }
    if (process->killed) {
      std::exchange(process->killed, nullptr)();
    }
  }

  void cut_power() {
    while (!processes.empty()) {
      kill(processes.back());
    }
    ++boots;
    note("disk: power cut", {}, boots);
    names.cut_power(dice);
    std::set<SimulatedFile*> once;
    for (const auto& [path, file] : names.files()) {
      if (once.insert(file.get()).second) {
        file->cut_power(dice);
      }
    }
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, file] : names.files()) {
      bytes += file->size();
    }
    return bytes;
  }

  std::uint64_t room() const { return capacity - std::min(capacity, used()); }

  void note(std::string_view what, const std::string& path, std::uint64_t number) {
    if (trace != nullptr) {
      trace->note(what, path, number);
    }
  }

  std::mutex lock;
  SimulatedNames names;
  std::vector<ProcessPointer> processes;  // that live
  std::map<std::string, ProcessPointer> locked;
  SeededDice dice;
  std::shared_ptr<EventTrace> trace;
  DiskFaults faults;
  std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t boots = 1;
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;  // of calls
  std::uint64_t failing_from = 0;
  std::uint64_t failing_until = 0;
  int failing_code = 0;
  int broken = 0;

 private:
  void write_back() {
    if (!names.files().empty() && dice.chance(faults.write_back)) {
      auto file = names.files().begin();
      std::advance(file, static_cast<std::ptrdiff_t>(dice.below(names.files().size())));
      file->second->write_back_one(dice);
    }
  }
};

/// What the open objects of a process have in common.
class OpenOnDisk {
 public:
  OpenOnDisk(std::shared_ptr<DiskState> disk, ProcessPointer process,
             std::shared_ptr<SimulatedFile> file, std::string path)
      : disk_(std::move(disk)),
        process_(std::move(process)),
        file_(std::move(file)),
        path_(std::move(path)) {}

 protected:
  /// Runs `call`, an `int(int code)`, unless the process is dead: then nothing reaches the disk.
  template <class Call>
  Status run(std::string_view what, std::uint64_t number, CallKind kind, Call call) {
    std::lock_guard guard(disk_->lock);
    int code = EIO;
    if (process_->is_alive) {
      code = call(disk_->begin_call(process_, what, path_, number, kind));
    }
    return code == 0 ? success() : hydrant::detail::system_failure(what, path_, code);
  }

  /// A sync that fails is final for what was written before it.
  Status sync_file() {
    return run("sync", 0, CallKind::syncs, [this](int code) {
      if (code == 0) {
        file_->sync();
      } else if (process_->is_alive) {
        file_->fail_sync(disk_->dice);
      }
      return code;
    });
  }

  /// How much of `bytes` a call that fails has written.
  std::span<const std::byte> written(std::span<const std::byte> bytes, int code) {
    return code == 0 ? bytes
                     : bytes.first(static_cast<std::size_t>(disk_->dice.below(bytes.size() + 1)));
  }

  std::shared_ptr<DiskState> disk_;
  ProcessPointer process_;
  std::shared_ptr<SimulatedFile> file_;
  std::string path_;
};

class SimulatedOpenFile final : public File, private OpenOnDisk {
 public:
  using OpenOnDisk::OpenOnDisk;

  Status write(std::span<const std::byte> bytes) override {
    return run("write", bytes.size(), CallKind::allocates, [&](int code) {
      bytes = written(bytes, code);
      const std::uint64_t room = disk_->room();
      if (room < bytes.size()) {
        bytes = bytes.first(static_cast<std::size_t>(room));
        code = code == 0 ? disk_->is_full(path_) : code;
      }
      file_->write(file_->size(), bytes);
      return code;
    });
  }

  Status sync() override { return sync_file(); }

  Status close() override {
    return run("close", 0, CallKind::plain, [](int code) { return code; });
  }
};

class SimulatedMapping final : public Mapping, private OpenOnDisk {
 public:
  SimulatedMapping(std::shared_ptr<DiskState> disk, ProcessPointer process,
                   std::shared_ptr<SimulatedFile> file, std::string path)
      : OpenOnDisk(std::move(disk), std::move(process), std::move(file), std::move(path)),
        memory_(file_->map(process_.get())) {}

  std::span<std::byte> bytes() override { return memory_->bytes(); }

  void page_out(std::size_t, std::size_t) noexcept override {}

  /// All mappings of the file part from it, for processes are not forked here.
  void become_private() noexcept override {
    std::lock_guard guard(disk_->lock);
    if (process_->is_alive) {
      file_->part_from_mappings();
    }
  }

 private:
  std::shared_ptr<PageMemory> memory_;  // the process's, also when it is dead
};

class SimulatedLogFile final : public LogFile, private OpenOnDisk {
 public:
  using OpenOnDisk::OpenOnDisk;

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return run("write at", offset, CallKind::plain, [&](int code) {
      if (offset > file_->size() || bytes.size() > file_->size() - offset) {
        return EFBIG;  // a log does not grow
      }
      file_->write(static_cast<std::size_t>(offset), written(bytes, code));
      return code;
    });
  }

  Status sync() override { return sync_file(); }
};

class SimulatedLock final : public FileLock, private OpenOnDisk {
 public:
  SimulatedLock(std::shared_ptr<DiskState> disk, ProcessPointer process, std::string path)
      : OpenOnDisk(std::move(disk), std::move(process), nullptr, std::move(path)) {}

  ~SimulatedLock() override {
    std::lock_guard guard(disk_->lock);
    if (!forgotten_ && process_->is_alive) {
      disk_->locked.erase(path_);
    }
  }

  void forget() noexcept override { forgotten_ = true; }

 private:
  bool forgotten_ = false;
};

}  // namespace detail

}  // namespace hydrant::testing
