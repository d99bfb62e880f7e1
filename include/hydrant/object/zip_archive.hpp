// SPDX-License-Identifier: MIT
//
// The parts of a zip archive around its data, for archives of one entry:
//
//     | local header, name | data | descriptor | central directory | end |
//
// The archive is written from front to back, so checksum and sizes stand behind
// the data; a reader begins at the end. What does not fit into 32 bits goes into
// zip64 fields, and only then, as java.util.zip does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail {

inline constexpr std::uint32_t zip_local_signature = 0x04034b50;
inline constexpr std::uint32_t zip_descriptor_signature = 0x08074b50;
inline constexpr std::uint32_t zip_directory_signature = 0x02014b50;
inline constexpr std::uint32_t zip_end_signature = 0x06054b50;
inline constexpr std::uint32_t zip64_end_signature = 0x06064b50;
inline constexpr std::uint32_t zip64_locator_signature = 0x07064b50;

inline constexpr std::uint64_t zip_max16 = 0xffff;
/// Stands for "see the zip64 field", so it is none of the sizes that fit.
inline constexpr std::uint64_t zip_max32 = 0xffff'ffff;
inline constexpr std::uint16_t zip_stored = 0;
inline constexpr std::uint16_t zip_deflated = 8;
inline constexpr std::uint16_t zip_encrypted_flag = 1;
inline constexpr std::uint16_t zip64_tag = 1;
/// What a reader must be able to: deflate; zip64.
inline constexpr std::uint16_t zip_version = 20;
inline constexpr std::uint16_t zip64_version = 45;
inline constexpr std::size_t zip_local_header_size = 30;

/// The one entry of an archive.
struct ZipEntry {
  std::string_view name;
  std::uint64_t compressed_size = 0;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
  std::uint16_t method = zip_deflated;

  bool needs_zip64() const { return compressed_size >= zip_max32 || size >= zip_max32; }

  std::uint64_t descriptor_size() const { return needs_zip64() ? 24 : 16; }

  std::uint64_t directory_offset() const {
    return zip_local_header_size + name.size() + compressed_size + descriptor_size();
  }
};

/// Appends numbers, the lowest byte first.
class ZipWriter {
 public:
  void put16(std::uint64_t value) { put(value, 2); }

  void put32(std::uint64_t value) { put(value, 4); }

  void put64(std::uint64_t value) { put(value, 8); }

  void put_text(std::string_view text) { text_ += text; }

  /// Version needed, flags, method, time and date. There is no time: 1980-01-01, the first there
  /// is.
  void put_way(bool is_zip64, std::uint16_t method) {
    constexpr std::uint16_t descriptor_and_utf8_flags = 0x0808;
    constexpr std::uint16_t first_date = 1 << 5 | 1;
    put16(is_zip64 ? zip64_version : zip_version);
    put16(descriptor_and_utf8_flags);
    put16(method);
    put16(0);
    put16(first_date);
  }

  std::string take() { return std::move(text_); }

 private:
  void put(std::uint64_t value, int count) {
    for (; count > 0; --count) {
      text_ += static_cast<char>(value & 0xff);
      value >>= 8;
    }
  }

  std::string text_;
};

/// What stands in front of the data; nothing is known of it yet.
inline std::string zip_local_header(std::string_view name) {
  ZipWriter out;
  out.put32(zip_local_signature);
  out.put_way(false, zip_deflated);
  out.put32(0);
  out.put64(0);
  out.put16(name.size());
  out.put16(0);
  out.put_text(name);
  return out.take();
}

inline std::string zip_descriptor(const ZipEntry& entry) {
  ZipWriter out;
  out.put32(zip_descriptor_signature);
  out.put32(entry.crc);
  if (entry.needs_zip64()) {
    out.put64(entry.compressed_size);
    out.put64(entry.size);
  } else {
    out.put32(entry.compressed_size);
    out.put32(entry.size);
  }
  return out.take();
}

inline std::uint64_t zip_or_max32(std::uint64_t value) {
  return value < zip_max32 ? value : zip_max32;
}

inline std::string zip_directory(const ZipEntry& entry) {
  ZipWriter extra;
  if (entry.needs_zip64()) {
    extra.put16(zip64_tag);
    extra.put16((entry.size >= zip_max32 ? 8u : 0u) +
                (entry.compressed_size >= zip_max32 ? 8u : 0u));
    for (const std::uint64_t size : {entry.size, entry.compressed_size}) {
      if (size >= zip_max32) {
        extra.put64(size);
      }
    }
  }
  const std::string fields = extra.take();
  ZipWriter out;
  out.put32(zip_directory_signature);
  out.put16(entry.needs_zip64() ? zip64_version : zip_version);  // made by
  out.put_way(entry.needs_zip64(), entry.method);
  out.put32(entry.crc);
  out.put32(zip_or_max32(entry.compressed_size));
  out.put32(zip_or_max32(entry.size));
  out.put16(entry.name.size());
  out.put16(fields.size());
  out.put64(0);  // no comment, disk 0, no attributes
  out.put32(0);
  out.put16(0);  // the local header is at the very front
  out.put_text(entry.name);
  out.put_text(fields);
  return out.take();
}

/// `offset` and `size` are the directory's.
inline std::string zip_end(std::uint64_t offset, std::uint64_t size) {
  constexpr std::uint64_t size_behind_itself = 44;
  ZipWriter out;
  if (offset >= zip_max32) {
    out.put32(zip64_end_signature);
    out.put64(size_behind_itself);
    out.put16(zip64_version);
    out.put16(zip64_version);
    out.put64(0);  // disk 0
    out.put64(1);
    out.put64(1);
    out.put64(size);
    out.put64(offset);
    out.put32(zip64_locator_signature);
    out.put32(0);
    out.put64(offset + size);
    out.put32(1);
  }
  out.put32(zip_end_signature);
  out.put32(0);  // disk 0
  out.put16(1);
  out.put16(1);
  out.put32(size);
  out.put32(zip_or_max32(offset));
  out.put16(0);  // no comment
  return out.take();
}

/// What stands behind the data: descriptor, central directory and end.
inline std::string zip_tail(const ZipEntry& entry) {
  const std::string directory = zip_directory(entry);
  return zip_descriptor(entry) + directory + zip_end(entry.directory_offset(), directory.size());
}

/// Takes numbers, the lowest byte first, and texts. Behind the end everything is 0 and empty,
/// and `ok` is false.
class ZipReader {
 public:
  explicit ZipReader(std::string_view text) : rest_(text) {}

  std::uint16_t take16() { return static_cast<std::uint16_t>(take(2)); }

  std::uint32_t take32() { return static_cast<std::uint32_t>(take(4)); }

  std::uint64_t take64() { return take(8); }

  std::string_view take_text(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  bool ok() const { return ok_; }

  std::size_t left() const { return rest_.size(); }

 private:
  std::uint64_t take(std::size_t size) {
    std::uint64_t value = 0;
    int shift = 0;
    for (const char byte : take_text(size)) {
      value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
      shift += 8;
    }
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// The part of `archive` from `offset` on; empty where that is beyond its end.
inline std::string_view zip_part(std::string_view archive, std::uint64_t offset) {
  return offset < archive.size() ? archive.substr(static_cast<std::size_t>(offset))
                                 : std::string_view();
}

/// Where the end record stands: the last place that it can stand at, with a comment up to the end.
inline std::optional<std::size_t> find_zip_end(std::string_view archive) {
  constexpr std::size_t end_size = 22;
  for (std::size_t comment = 0; comment <= zip_max16; ++comment) {
    if (archive.size() < end_size + comment) {
      return std::nullopt;
    }
    const std::size_t at = archive.size() - end_size - comment;
    ZipReader end(archive.substr(at));
    const bool is_signed = end.take32() == zip_end_signature;
    end.take_text(end_size - 6);
    if (is_signed && end.take16() == comment) {
      return at;
    }
  }
  return std::nullopt;
}

/// Where the directory of a single entry starts, and what follows it.
struct ZipPlace {
  std::uint64_t directory;
  std::uint64_t directory_end;
};

inline std::optional<ZipPlace> find_zip_directory(std::string_view archive) {
  constexpr std::size_t locator_size = 20;
  const std::optional<std::size_t> at = find_zip_end(archive);
  if (!at) {
    return std::nullopt;
  }
  ZipReader end(archive.substr(*at));
  end.take32();
  const bool is_one_disk = end.take32() == 0;
  std::uint64_t count = end.take16();
  const bool is_one_count = end.take16() == count;
  std::uint64_t size = end.take32();
  std::uint64_t offset = end.take32();
  std::uint64_t end_of_directory = *at;
  if (offset == zip_max32 || size == zip_max32 || count == zip_max16) {
    ZipReader locator(zip_part(archive, *at < locator_size ? archive.size() : *at - locator_size));
    const bool is_located = locator.take32() == zip64_locator_signature && locator.take32() == 0;
    end_of_directory = locator.take64();
    ZipReader end64(zip_part(archive, end_of_directory));
    const bool is_there = is_located && end64.take32() == zip64_end_signature;
    end64.take_text(8 + 2 + 2 + 8);
    count = end64.take64();
    end64.take64();
    size = end64.take64();
    offset = end64.take64();
    if (!is_there || !end64.ok()) {
      return std::nullopt;
    }
  }
  const bool is_right = is_one_disk && is_one_count && count == 1 && offset <= end_of_directory &&
                        end_of_directory - offset == size;
  return is_right ? std::optional(ZipPlace{offset, end_of_directory}) : std::nullopt;
}

/// An entry and its compressed data.
struct FoundZipEntry {
  ZipEntry entry;
  std::string_view data;
};

/// Puts the 64-bit sizes of the extra field in place of those that say that they are there.
inline bool take_zip64_sizes(std::string_view extra, ZipEntry& entry) {
  ZipReader fields(extra);
  while (fields.ok() && fields.left() != 0 && entry.needs_zip64()) {
    const std::uint16_t tag = fields.take16();
    ZipReader field(fields.take_text(fields.take16()));
    if (tag == zip64_tag) {
      entry.size = entry.size == zip_max32 ? field.take64() : entry.size;
      entry.compressed_size =
          entry.compressed_size == zip_max32 ? field.take64() : entry.compressed_size;
      return fields.ok() && field.ok();
    }
  }
  return fields.ok();
}

/// Finds the entry of an archive of exactly one.
/// Returns: nothing where `archive` is none, is damaged, encrypted, or has not one entry.
inline std::optional<FoundZipEntry> find_zip_entry(std::string_view archive) {
  const std::optional<ZipPlace> place = find_zip_directory(archive);
  if (!place) {
    return std::nullopt;
  }
  FoundZipEntry found;
  ZipReader directory(zip_part(archive, place->directory));
  const bool is_directory = directory.take32() == zip_directory_signature;
  directory.take32();
  const std::uint16_t flags = directory.take16();
  found.entry.method = directory.take16();
  directory.take32();
  found.entry.crc = directory.take32();
  found.entry.compressed_size = directory.take32();
  found.entry.size = directory.take32();
  const std::uint16_t name_size = directory.take16();
  const std::uint16_t extra_size = directory.take16();
  directory.take_text(2 + 2 + 2 + 4);
  const std::uint64_t local_offset = directory.take32();
  found.entry.name = directory.take_text(name_size);
  const bool has_sizes = take_zip64_sizes(directory.take_text(extra_size), found.entry);

  ZipReader local(
      zip_part(archive.substr(0, static_cast<std::size_t>(place->directory)), local_offset));
  const bool is_local = local.take32() == zip_local_signature;
  local.take16();
  const bool is_same_way = local.take16() == flags && local.take16() == found.entry.method;
  local.take_text(4 + 4 + 4 + 4);
  const std::uint16_t local_name_size = local.take16();
  const std::uint16_t local_extra_size = local.take16();
  const bool is_same_name = local.take_text(local_name_size) == found.entry.name;
  local.take_text(local_extra_size);
  if (found.entry.compressed_size <= local.left()) {
    found.data = local.take_text(static_cast<std::size_t>(found.entry.compressed_size));
    const bool is_right = is_directory && has_sizes && is_local && is_same_way && is_same_name &&
                          (flags & zip_encrypted_flag) == 0 && directory.ok() && local.ok();
    return is_right ? std::optional(found) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace hydrant::detail
