// SPDX-License-Identifier: MIT
//
// A disk on which everything can go wrong, the same way for the same seed: calls
// fail, space ends, syncs fail and forget, processes are killed and the power is
// cut in the middle of writing.
#pragma once

#include <hydrant/core/files.hpp>
#include <hydrant/testing/simulated_disk_calls.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hydrant::testing {

/// Files on a simulated disk. Directories must be made before files in them.
///
/// @code
/// hydrant::testing::SimulatedDisk disk(seed);
/// ... write to it ...
/// disk.cut_power();  // what was never synced is there, or not, or in parts
/// ... read what the next process finds ...
/// @endcode
///
/// The object stands for one process, and when that is dead, for the next: `kill_process` and
/// `cut_power` end the one that lives. What that had open stays usable, but does not reach the disk
/// any more. `another_process` is a second one on the same disk.
///
/// Threads: shared: safe.
class SimulatedDisk final : public Files {
 public:
  explicit SimulatedDisk(std::uint64_t seed = 1, std::shared_ptr<EventTrace> trace = nullptr)
      : state_(std::make_shared<detail::DiskState>(seed, std::move(trace))),
        process_(state_->new_process()) {}

  /// The disk as another process sees it. That one has no successor: when it is dead, every call
  /// fails.
  std::shared_ptr<SimulatedDisk> another_process() const {
    std::lock_guard guard(state_->lock);
    return std::shared_ptr<SimulatedDisk>(new SimulatedDisk(state_));
  }

  // --- what befalls it ------------------------------------------------------------------------

  /// The process ends without another word. What it wrote stays, in files and mappings; its locks
  /// are gone.
  void kill_process() {
    std::lock_guard guard(state_->lock);
    state_->kill(process());
  }

  /// The process is killed by the `n`-th call from now on, before or in the middle of it. `killed`
  /// is called then, from within the call.
  void kill_at_call(std::uint64_t n, std::function<void()> killed = {}) {
    std::lock_guard guard(state_->lock);
    process()->killing_call = process()->calls + n;
    process()->killed = std::move(killed);
  }

  /// The same by the `n`-th call that is to make something durable: what others see of the files
  /// by then, the disk may not have.
  void kill_at_sync(std::uint64_t n, std::function<void()> killed = {}) {
    std::lock_guard guard(state_->lock);
    process()->killing_sync = process()->syncs + n;
    process()->killed = std::move(killed);
  }

  /// All processes end, and of what was never synced only some sectors and names are there.
  void cut_power() {
    std::lock_guard guard(state_->lock);
    state_->cut_power();
  }

  /// The `n`-th call from now on fails with the system's error `os_code`, and so do those that
  /// follow it, `count` together; later ones do not.
  void fail_call(std::uint64_t n, int os_code = EIO, std::uint64_t count = 1) {
    std::lock_guard guard(state_->lock);
    state_->failing_from = state_->calls + n;
    state_->failing_until = saturating_sum(state_->failing_from, count);
    state_->failing_code = os_code;
  }

  /// Every call fails with `os_code`, until it is 0.
  void fail_all(int os_code) {
    std::lock_guard guard(state_->lock);
    state_->broken = os_code;
  }

  /// From now on calls fail by the dice.
  void set_faults(DiskFaults faults) {
    std::lock_guard guard(state_->lock);
    state_->faults = faults;
  }

  /// How much fits on the disk. What is there already stays.
  void set_capacity(std::uint64_t bytes) {
    std::lock_guard guard(state_->lock);
    state_->capacity = bytes;
  }

  /// Turns one bit of a file over, on the medium. Returns: false when there is no such bit.
  bool flip_bit(const std::string& path, std::uint64_t bit) {
    std::lock_guard guard(state_->lock);
    const auto file = state_->names.find(path);
    if (file == nullptr || bit / 8 >= file->size()) {
      return false;
    }
    state_->note("disk: bit flips in", path, bit);
    file->flip_bit(bit);
    return true;
  }

  /// The medium loses what is behind the first `size` bytes of a file. Nobody has it mapped.
  /// Returns: false when it is not longer.
  bool cut_off(const std::string& path, std::uint64_t size) {
    std::lock_guard guard(state_->lock);
    const auto file = state_->names.find(path);
    if (file == nullptr || size >= file->size()) {
      return false;
    }
    state_->note("disk: the end is gone of", path, size);
    file->cut_off(static_cast<std::size_t>(size));
    return true;
  }

  // --- what a test looks at -------------------------------------------------------------------

  /// What a process would read from the file; nothing when there is no such file.
  std::optional<std::string> content(const std::string& path) const {
    std::lock_guard guard(state_->lock);
    const auto file = state_->names.find(path);
    if (file == nullptr) {
      return std::nullopt;
    }
    const std::span<const std::byte> bytes = file->bytes();
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  /// The paths of all files, sorted.
  std::vector<std::string> paths() const {
    std::lock_guard guard(state_->lock);
    std::vector<std::string> paths;
    for (const auto& [path, file] : state_->names.files()) {
      paths.push_back(path);
    }
    return paths;
  }

  bool has_directory(const std::string& path) const {
    std::lock_guard guard(state_->lock);
    return state_->names.has_directory(path);
  }

  /// Calls of any kind so far, for `fail_call` and `kill_at_call`.
  std::uint64_t call_count() const {
    std::lock_guard guard(state_->lock);
    return state_->calls;
  }

  /// Calls that have failed so far, by a fault or for want of space.
  std::uint64_t failure_count() const {
    std::lock_guard guard(state_->lock);
    return state_->failures;
  }

  /// Disk space that is taken.
  std::uint64_t used() const {
    std::lock_guard guard(state_->lock);
    return state_->used();
  }

  /// Disk space that is left.
  std::uint64_t room() const {
    std::lock_guard guard(state_->lock);
    return state_->room();
  }

  // --- Files ----------------------------------------------------------------------------------

  Result<std::unique_ptr<File>> create(const std::string& path) override {
    std::lock_guard guard(state_->lock);
    auto file = std::make_shared<detail::SimulatedFile>();
    if (const int code = create_file("create", path, 0, file)) {
      return hydrant::detail::system_failure("create", path, code);
    }
    return std::unique_ptr<File>(
        std::make_unique<detail::SimulatedOpenFile>(state_, process(), std::move(file), path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    return change("rename to", to, [&] { return state_->names.rename(from, to); });
  }

  Status remove(const std::string& path) override {
    return change("remove", path, [&] { return state_->names.remove(path); });
  }

  Status make_directories(const std::string& path) override {
    return change("make directory", path, [&] { return state_->names.make_directories(path); });
  }

  Status sync_directory(const std::string& path) override {
    return change("sync directory", path, [&] { return state_->names.sync_directory(path); });
  }

  /// In an order of the dice's: a disk promises none.
  Result<std::vector<std::string>> list(const std::string& path) override {
    std::lock_guard guard(state_->lock);
    int code = state_->begin_call(process(), "list", path, 0);
    if (code == 0 && !state_->names.has_directory(path)) {
      code = state_->names.find(path) == nullptr ? ENOENT : ENOTDIR;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("list", path, code);
    }
    std::vector<std::string> names = state_->names.list(path);
    for (std::size_t left = names.size(); left > 1; --left) {
      std::swap(names[left - 1], names[static_cast<std::size_t>(state_->dice.below(left))]);
    }
    return names;
  }

  Status remove_directory(const std::string& path) override {
    return change("remove", path, [&] { return state_->names.remove_directory(path); });
  }

  Result<std::unique_ptr<Mapping>> create_mapped(const std::string& path,
                                                 std::uint64_t size) override {
    std::lock_guard guard(state_->lock);
    auto file = std::make_shared<detail::SimulatedFile>();
    if (const int code = create_file("create mapped", path, size, file)) {
      return hydrant::detail::system_failure("create", path, code);
    }
    return std::unique_ptr<Mapping>(
        std::make_unique<detail::SimulatedMapping>(state_, process(), std::move(file), path));
  }

  Result<std::unique_ptr<Mapping>> map(const std::string& path) override {
    std::lock_guard guard(state_->lock);
    int code = state_->begin_call(process(), "map", path, 0);
    auto file = state_->names.find(path);
    if (code == 0 && file == nullptr) {
      code = ENOENT;
    }
    if (code != 0) {
      return hydrant::detail::system_failure("open", path, code);
    }
    return std::unique_ptr<Mapping>(
        std::make_unique<detail::SimulatedMapping>(state_, process(), std::move(file), path));
  }

  Result<std::unique_ptr<LogFile>> create_log(const std::string& path,
                                              std::uint64_t size) override {
    std::lock_guard guard(state_->lock);
    auto file = std::make_shared<detail::SimulatedFile>();
    if (const int code = create_file("create log", path, size, file)) {
      return hydrant::detail::system_failure("create", path, code);
    }
    file->sync();  // the zeros are on the disk; the name is not
    return std::unique_ptr<LogFile>(
        std::make_unique<detail::SimulatedLogFile>(state_, process(), std::move(file), path));
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    std::lock_guard guard(state_->lock);
    int code = state_->begin_call(process(), "lock", path, 0);
    if (code == 0 && state_->locked.count(path) != 0) {
      code = EWOULDBLOCK;
    }
    if (code == 0 && state_->names.find(path) == nullptr) {
      code = state_->names.create(path, std::make_shared<detail::SimulatedFile>());
    }
    if (code != 0) {
      return hydrant::detail::system_failure("lock", path, code);
    }
    state_->locked.emplace(path, process());
    return std::unique_ptr<FileLock>(
        std::make_unique<detail::SimulatedLock>(state_, process(), path));
  }

  std::string boot_id() override {
    std::lock_guard guard(state_->lock);
    return "boot " + std::to_string(state_->boots);
  }

 private:
  explicit SimulatedDisk(std::shared_ptr<detail::DiskState> state)
      : state_(std::move(state)), process_(state_->new_process()), has_successor_(false) {}

  static std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
    return a + std::min(b, ~a);
  }

  const detail::ProcessPointer& process() {
    if (has_successor_ && !process_->is_alive) {
      process_ = state_->new_process();
    }
    return process_;
  }

  int create_file(std::string_view what, const std::string& path, std::uint64_t size,
                  const std::shared_ptr<detail::SimulatedFile>& file) {
    int code = state_->begin_call(process(), what, path, size, detail::CallKind::allocates);
    if (code == 0 && (state_->room() < size || state_->room() == 0)) {
      code = state_->is_full(path);
    }
    if (code == 0) {
      code = state_->names.create(path, file);
    }
    if (code == 0) {
      file->resize(static_cast<std::size_t>(size));
    }
    return code;
  }

  template <class Change>
  Status change(std::string_view what, const std::string& path, Change make) {
    std::lock_guard guard(state_->lock);
    int code = state_->begin_call(process(), what, path, 0);
    if (code == 0) {
      code = make();
    }
    return code == 0 ? success() : hydrant::detail::system_failure(what, path, code);
  }

  std::shared_ptr<detail::DiskState> state_;
  detail::ProcessPointer process_;
  const bool has_successor_ = true;
};

}  // namespace hydrant::testing
