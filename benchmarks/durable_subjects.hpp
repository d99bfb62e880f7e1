// SPDX-License-Identifier: MIT
//
// What keeps records durably in benchmarks/durable.cpp: each takes records of
// 128 bytes and commits them together, and a commit returns when they would
// survive a power cut. Those whose library is absent are left out.
#pragma once

#include <hydrant/core/system_files.hpp>
#include <hydrant/journal/commit_log.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>
#if defined(HYDRANT_BENCHMARK_LMDB)
#include <lmdb.h>
#endif
#if defined(HYDRANT_BENCHMARK_SQLITE)
#include <sqlite3.h>
#endif
#if defined(HYDRANT_BENCHMARK_ROCKSDB)
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#endif

namespace hydrant::benchmarks {

inline constexpr std::size_t record_bytes = 128;
inline constexpr std::size_t log_bytes = std::size_t{256} << 20;

inline void expect(bool went_well, const char* what) {
  if (!went_well) {
    std::perror(what);
    std::exit(1);
  }
}

/// Takes `count` records at `records`, and returns when they are on stable storage.
class Durable {
 public:
  Durable() = default;
  Durable(const Durable&) = delete;
  Durable& operator=(const Durable&) = delete;
  virtual ~Durable() = default;
  virtual void commit(const std::byte* records, std::size_t count) = 0;
};

/// The floor: write and fdatasync into a file of zeros that is there already, round and round.
class BareFile final : public Durable {
 public:
  explicit BareFile(const std::string& directory)
      : file_(::open((directory + "/bare").c_str(), O_RDWR | O_CREAT, 0644)) {
    const std::vector<std::byte> zeros(std::size_t{1} << 20);
    for (std::size_t at = 0; at < log_bytes; at += zeros.size()) {
      expect(::write(file_, zeros.data(), zeros.size()) == ssize_t(zeros.size()), "bare");
    }
    expect(::fsync(file_) == 0, "bare");
  }

  ~BareFile() override { ::close(file_); }

  void commit(const std::byte* records, std::size_t count) override {
    const std::size_t bytes = count * record_bytes;
    at_ = at_ + bytes > log_bytes ? 0 : at_;
    expect(::pwrite(file_, records, bytes, off_t(at_)) == ssize_t(bytes), "bare");
    expect(::fdatasync(file_) == 0, "bare");
    at_ += bytes;
  }

 private:
  int file_;
  std::size_t at_ = 0;
};

/// Hydrant's log, as the journal writes it: records as they lie in a chunk.
class HydrantLog final : public Durable {
 public:
  explicit HydrantLog(const std::string& directory)
      : directory_(directory), log_(files_, directory, 1, 0, log_bytes) {
    expect(bool(log_.prepare()), "log");
  }

  void commit(const std::byte* records, std::size_t count) override {
    if (slots_.size() != count) {
      slots_.resize(count);
      for (std::size_t i = 0; i < count; ++i) {
        slots_[count - 1 - i] = static_cast<std::uint32_t>((i + 1) * record_bytes);
      }
    }
    RecordSlice slice;
    slice.payload = records;
    slice.slots_top = slots_.data() + count;
    slice.last = static_cast<std::uint32_t>(count);
    slice.page_sequence = sequence_;
    sequence_ += count;
    log_.add_records(slice);
    expect(bool(log_.commit()), "log");
    if (log_.file_number() != file_) {  // as the journal does when its records have ended
      if (file_ != 0) {
        expect(bool(files_.remove(detail::CommitLog::path_of(directory_, file_))), "log");
      }
      file_ = log_.file_number();
    }
  }

  /// Between two measurements: the next file is made, as the journal makes it beside its commits.
  void prepare() { expect(bool(log_.prepare()), "log"); }

 private:
  SystemFiles files_;
  const std::string directory_;
  detail::CommitLog log_;
  std::vector<std::uint32_t> slots_;
  std::uint64_t sequence_ = 0;
  std::uint32_t file_ = 0;
};

#if defined(HYDRANT_BENCHMARK_LMDB)
class Lmdb final : public Durable {
 public:
  explicit Lmdb(const std::string& directory) {
    expect(mdb_env_create(&env_) == 0, "lmdb");
    expect(mdb_env_set_mapsize(env_, std::size_t{8} << 30) == 0, "lmdb");
    expect(mdb_env_open(env_, (directory + "/lmdb").c_str(), MDB_NOSUBDIR, 0644) == 0, "lmdb");
  }

  ~Lmdb() override { mdb_env_close(env_); }

  void commit(const std::byte* records, std::size_t count) override {
    MDB_txn* transaction = nullptr;
    expect(mdb_txn_begin(env_, nullptr, 0, &transaction) == 0, "lmdb");
    MDB_dbi table = 0;
    expect(mdb_dbi_open(transaction, nullptr, MDB_INTEGERKEY, &table) == 0, "lmdb");
    for (std::size_t i = 0; i < count; ++i, ++next_) {
      MDB_val key{sizeof(next_), &next_};
      MDB_val value{record_bytes, const_cast<std::byte*>(records + i * record_bytes)};
      expect(mdb_put(transaction, table, &key, &value, MDB_APPEND) == 0, "lmdb");
    }
    expect(mdb_txn_commit(transaction) == 0, "lmdb");
  }

 private:
  MDB_env* env_ = nullptr;
  std::size_t next_ = 1;
};
#endif

#if defined(HYDRANT_BENCHMARK_SQLITE)
class Sqlite final : public Durable {
 public:
  explicit Sqlite(const std::string& directory) {
    expect(sqlite3_open((directory + "/sqlite").c_str(), &base_) == SQLITE_OK, "sqlite");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE records(id INTEGER PRIMARY KEY, bytes BLOB)");
    expect(sqlite3_prepare_v2(base_, "INSERT INTO records(bytes) VALUES(?)", -1, &insert_,
                              nullptr) == SQLITE_OK,
           "sqlite");
  }

  ~Sqlite() override {
    sqlite3_finalize(insert_);
    sqlite3_close(base_);
  }

  void commit(const std::byte* records, std::size_t count) override {
    run("BEGIN");
    for (std::size_t i = 0; i < count; ++i) {
      sqlite3_bind_blob(insert_, 1, records + i * record_bytes, int(record_bytes), SQLITE_STATIC);
      expect(sqlite3_step(insert_) == SQLITE_DONE, "sqlite");
      sqlite3_reset(insert_);
    }
    run("COMMIT");
  }

 private:
  void run(const char* statement) {
    expect(sqlite3_exec(base_, statement, nullptr, nullptr, nullptr) == SQLITE_OK, statement);
  }

  sqlite3* base_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};
#endif

#if defined(HYDRANT_BENCHMARK_ROCKSDB)
class Rocks final : public Durable {
 public:
  explicit Rocks(const std::string& directory) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* base = nullptr;
    expect(rocksdb::DB::Open(options, directory + "/rocksdb", &base).ok(), "rocksdb");
    base_.reset(base);
  }

  void commit(const std::byte* records, std::size_t count) override {
    rocksdb::WriteBatch batch;
    for (std::size_t i = 0; i < count; ++i, ++next_) {
      batch.Put(
          rocksdb::Slice(reinterpret_cast<const char*>(&next_), sizeof(next_)),
          rocksdb::Slice(reinterpret_cast<const char*>(records + i * record_bytes), record_bytes));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    expect(base_->Write(options, &batch).ok(), "rocksdb");
  }

 private:
  std::unique_ptr<rocksdb::DB> base_;
  std::uint64_t next_ = 1;
};
#endif

}  // namespace hydrant::benchmarks
