// SPDX-License-Identifier: MIT
// expect: hydrant: a Format needs extension, content_type, record_delimiter and `Status write(const
// hydrant::Batch&, out) const`.
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/object_sink.hpp>

#include <string_view>

struct Silence {
  std::string_view extension() const { return {}; }

  std::string_view content_type() const { return "text/plain"; }

  std::string_view record_delimiter() const { return {}; }

#if defined(HYDRANT_ACCEPT)
  hydrant::Status write(const hydrant::Batch&, hydrant::PieceWriter auto&&) const {
    return hydrant::success();
  }
#endif
};

const hydrant::ObjectSink sink{hydrant::DirectoryStore{"lake"}, Silence{}, hydrant::Uncompressed{}};
