// SPDX-License-Identifier: MIT
// expect: hydrant: a Store needs `static constexpr std::string_view name` and `DeliveryResult
// put_object(const hydrant::Object&, hydrant::Attempt&)`.
#include <hydrant/object/object_sink.hpp>

#include <string_view>

struct AtticStore {
  static constexpr std::string_view name = "attic";

#if defined(HYDRANT_ACCEPT)
  hydrant::DeliveryResult put_object(const hydrant::Object&, hydrant::Attempt&) {
    return hydrant::delivered;
  }
#endif
};

const hydrant::ObjectSink sink{AtticStore{}, hydrant::Lines{}, hydrant::Uncompressed{}};
