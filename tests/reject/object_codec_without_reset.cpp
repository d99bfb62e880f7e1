// SPDX-License-Identifier: MIT
// expect: hydrant: a Codec needs extension, content_encoding, validate and encoder, whose result
// has write, finish and reset.
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/object_sink.hpp>

#include <cstddef>
#include <span>
#include <string_view>

struct Plain {
  struct Encoder {
    hydrant::Status write(std::span<const std::byte> piece, hydrant::PieceWriter auto&& out) {
      return out(piece);
    }

    hydrant::Status finish(hydrant::PieceWriter auto&&) { return hydrant::success(); }

#if defined(HYDRANT_ACCEPT)
    void reset() {}
#endif
  };

  std::string_view extension() const {
    return {};
  }

  std::string_view content_encoding() const {
    return {};
  }

  void validate(hydrant::OptionErrors&) const {}

  Encoder encoder() const {
    return {};
  }
};

const hydrant::ObjectSink sink{hydrant::DirectoryStore{"lake"}, hydrant::Lines{}, Plain{}};
