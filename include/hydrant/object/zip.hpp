// SPDX-License-Identifier: MIT
//
// zip as Firehose's `ZIP` writes it: an archive of one deflated entry, which is
// named by a UUID. The same bytes for the same records: the entry has no time,
// and its name is derived from its content.
#pragma once

#if !__has_include(<zlib.h>)
#error "hydrant/object/zip.hpp needs zlib: link hydrant::gzip"
#endif

#include <hydrant/core/digest.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/uuid.hpp>
#include <hydrant/core/zlib_inflate.hpp>
#include <hydrant/object/codec.hpp>
#include <hydrant/object/zip_archive.hpp>
#include <hydrant/object/zlib_deflate.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <zlib.h>

namespace hydrant {

/// Compresses into a zip archive of one entry. Firehose's ZIP.
/// Threads: a plain value; copies are independent. An encoder serves one thread at a time.
struct Zip {
  static constexpr std::string_view magic = "PK\3\4";
  static constexpr std::array<std::string_view, 1> file_extensions{".zip"};

  /// More compresses better and slower. Default 6. Range [0, 9].
  int level = 6;

  /// Makes one archive an object; its window keeps its memory from one to the next.
  class Encoder {
   public:
    explicit Encoder(const Zip& options)
        : deflate_("zip", options.level, detail::ZlibDeflate::Window::raw) {}

    Status write(std::span<const std::byte> piece, PieceWriter auto&& out) {
      Status status = begin(out);
      if (status) {
        size_ += piece.size();
        crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
        status = deflate_.write(piece, named(out));
      }
      return status;
    }

    Status finish(PieceWriter auto&& out) {
      Status status = begin(out);
      if (status) {
        status = deflate_.end(named(out));
      }
      if (status) {
        name_entry();
        detail::ZipEntry entry;
        entry.name = name_;
        entry.compressed_size = deflate_.compressed();
        entry.size = size_;
        entry.crc = static_cast<std::uint32_t>(crc_);
        status = deflate_.append(detail::zip_tail(entry), out);
      }
      if (status) {
        status = deflate_.flush(out);
      }
      reset();
      return status;
    }

    void reset() {
      deflate_.reset();
      name_.clear();
      is_begun_ = false;
      size_ = 0;
      crc_ = crc32_z(0, nullptr, 0);
    }

   private:
    static constexpr std::size_t name_size = 36;

    Status begin(PieceWriter auto& out) {
      if (is_begun_) {
        return success();
      }
      is_begun_ = true;
      crc_ = crc32_z(0, nullptr, 0);
      return deflate_.append(detail::zip_local_header(std::string(name_size, '-')), out);
    }

    /// Names the entry before its header leaves the buffer.
    auto named(PieceWriter auto& out) {
      return [this, &out](std::span<const std::byte> piece) {
        name_entry();
        return out(piece);
      };
    }

    /// A UUID made of as much of the compressed content as the buffer holds at first.
    void name_entry() {
      if (!name_.empty()) {
        return;
      }
      const std::span<std::byte> buffered = deflate_.buffered();
      const std::span<std::byte> place = buffered.subspan(detail::zip_local_header_size, name_size);
      const auto content = buffered.subspan(detail::zip_local_header_size + name_size);
      detail::Digest high(1);
      detail::Digest low(2);
      high.add(content);
      low.add(content);
      name_ = make_uuid(high.value(), low.value());
      std::memcpy(place.data(), name_.data(), name_size);
    }

    detail::ZlibDeflate deflate_;
    std::string name_;
    std::uint64_t size_ = 0;
    uLong crc_ = 0;
    bool is_begun_ = false;
  };

  std::string_view extension() const { return ".zip"; }

  std::string_view content_encoding() const { return "zip"; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(level >= 0 && level <= 9, "zip.level", "must be within [0, 9]",
                 std::to_string(level));
  }

  Encoder encoder() const { return Encoder(*this); }

  /// What the one entry of an archive holds, verified by its size and checksum.
  /// Errors: no archive, not one entry, encrypted, cut off, damaged, or above `limit` bytes.
  static Result<std::string> decode(std::span<const std::byte> object, std::size_t limit) {
    const std::string_view archive(reinterpret_cast<const char*>(object.data()), object.size());
    const std::optional<detail::FoundZipEntry> found = detail::find_zip_entry(archive);
    if (!found) {
      return failure(object.size(), "it is no archive of one entry, or cut off, or damaged");
    }
    const detail::ZipEntry& entry = found->entry;
    if (entry.size > limit) {
      return detail::decode_limit_failure("zip", object.size(), limit);
    }
    std::string content;
    if (entry.method == detail::zip_stored && found->data.size() == entry.size) {
      content = found->data;
    } else if (entry.method != detail::zip_deflated) {
      return failure(object.size(), "its entry is not deflated, but of method " +
                                        std::to_string(entry.method) + ", or damaged");
    } else {
      const auto data = std::as_bytes(std::span<const char>(found->data));
      detail::ZlibInflate inflate(detail::ZlibInflate::Wrapping::none);
      // No further than its size: what goes on is damaged, and will not match.
      const auto inflated = inflate.append(data, content, static_cast<std::size_t>(entry.size));
      if (inflated.ending != detail::InflateEnding::whole || inflated.consumed != data.size()) {
        return failure(object.size(), inflated.ending == detail::InflateEnding::out_of_memory
                                          ? "out of memory"
                                          : "its entry is damaged");
      }
    }
    const auto* bytes = reinterpret_cast<const Bytef*>(content.data());
    if (content.size() != entry.size ||
        crc32_z(crc32_z(0, nullptr, 0), bytes, content.size()) != entry.crc) {
      return failure(object.size(), "its entry is damaged");
    }
    return content;
  }

 private:
  static Failure failure(std::size_t size, std::string why) {
    return detail::decode_failure(
        "zip", size, std::move(why) + " (fetch it again, or restore it from another copy)");
  }
};

static_assert(DecodingCodec<Zip>);

}  // namespace hydrant
