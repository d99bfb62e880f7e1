// SPDX-License-Identifier: MIT
//
// The columns of a Parquet file from a C++ struct: what the program writes as
// JSON already has a type, and a second list of names and types would only wait
// to differ from it.
#pragma once

#include <hydrant/object/parquet/hive_type.hpp>
#include <hydrant/object/parquet/schema.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hydrant {

/// A member of a struct, and the key that it has in the JSON.
/// Threads: a plain value.
template <class Member>
struct ParquetField {
  using Value = Member;

  std::string_view name;
};

/// Names a member of a struct for `parquet_schema`; of the pointer only the type is wanted.
template <class Struct, class Member>
constexpr ParquetField<Member> parquet_field(std::string_view name, Member Struct::*) {
  return {name};
}

/// A struct that says which of its members are columns.
template <class T>
concept HasParquetFields = requires {
  std::tuple_size<decltype(T::parquet_fields())>::value;
};

namespace detail::parquet {

template <class T>
struct OptionalOf {
  static constexpr bool is_optional = false;
};

template <class T>
struct OptionalOf<std::optional<T>> {
  static constexpr bool is_optional = true;
  using Value = T;
};

template <class T>
struct SystemTime {
  static constexpr bool is_time = false;
};

template <class Duration>
struct SystemTime<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  static constexpr bool is_time = true;
  static constexpr bool is_date =
      std::ratio_greater_equal_v<typename Duration::period, std::chrono::days::period>;
};

template <class T>
concept Sequence = requires(const T& values) {
  typename T::value_type;
  values.begin();
  values.end();
};

template <class T>
concept MapLike = Sequence<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};

template <class>
inline constexpr bool is_no_column = false;

/// The narrowest type that holds every value of an integer.
template <class T>
std::string_view integer_type() {
  constexpr int digits = std::numeric_limits<T>::digits;
  return digits <= 7    ? "tinyint"
         : digits <= 15 ? "smallint"
         : digits <= 31 ? "int"
         : digits <= 63 ? "bigint"
                        : "decimal(20,0)";
}

template <class T>
void append_type_of(std::string& out);

template <HasParquetFields T>
void append_struct_type(std::string& out) {
  char separator = '<';
  out += "struct";
  const auto append = [&]<class Member>(const ParquetField<Member>& field) {
    out += std::exchange(separator, ',');
    append_field_name(out, field.name);
    out += ':';
    append_type_of<Member>(out);
  };
  std::apply([&](const auto&... fields) { (append(fields), ...); }, T::parquet_fields());
  out += '>';
}

template <class Element>
void append_array_type(std::string& out) {
  out += "array<";
  append_type_of<Element>(out);
  out += '>';
}

/// Appends the type of a column of `T`s, as Hive writes it.
template <class T>
void append_type_of(std::string& out) {
  if constexpr (OptionalOf<T>::is_optional) {
    append_type_of<typename OptionalOf<T>::Value>(out);
  } else if constexpr (HasParquetFields<T>) {
    append_struct_type<T>(out);
  } else if constexpr (std::same_as<T, bool>) {
    out += "boolean";
  } else if constexpr (std::same_as<T, char> || std::convertible_to<const T&, std::string_view>) {
    out += "string";
  } else if constexpr (std::is_enum_v<T>) {
    append_type_of<std::underlying_type_t<T>>(out);
  } else if constexpr (std::integral<T>) {
    out += integer_type<T>();
  } else if constexpr (std::floating_point<T>) {
    out += sizeof(T) <= sizeof(float) ? "float" : "double";
  } else if constexpr (SystemTime<T>::is_time) {
    out += SystemTime<T>::is_date ? "date" : "timestamp";
  } else if constexpr (MapLike<T>) {
    out += "map<";
    append_type_of<typename T::key_type>(out);
    out += ',';
    append_type_of<typename T::mapped_type>(out);
    out += '>';
  } else if constexpr (std::is_array_v<T>) {
    append_array_type<std::remove_extent_t<T>>(out);
  } else if constexpr (Sequence<T>) {
    append_array_type<typename T::value_type>(out);
  } else {
    static_assert(is_no_column<T>,
                  "no Parquet type for this member: give its struct parquet_fields(), or leave it "
                  "out");
  }
}

}  // namespace detail::parquet

/// The columns of a struct's members, for `Parquet::schema`.
///
/// @code
/// struct Purchase {
///   std::int64_t id;
///   std::string item;
///   std::optional<double> price;
///   std::vector<std::string> tags;
///
///   static constexpr auto parquet_fields() {
///     return std::tuple(hydrant::parquet_field("id", &Purchase::id),
///                       hydrant::parquet_field("item", &Purchase::item),
///                       hydrant::parquet_field("price", &Purchase::price),
///                       hydrant::parquet_field("tags", &Purchase::tags));
///   }
/// };
///
/// hydrant::Parquet{.schema = hydrant::parquet_schema<Purchase>()}
/// @endcode
///
/// bool is boolean; integers are the narrowest of tinyint to bigint that holds all their values,
/// and decimal(20,0) for 64 bits without a sign; float and double are themselves; a char, and what
/// converts to a string_view, is string; a time_point of the system's clock is timestamp, or date
/// where it counts days; an enum is its integer, an optional what it may hold; maps are maps, other
/// containers and arrays arrays, and structs with `parquet_fields` structs. Any other member does
/// not compile.
template <HasParquetFields T>
std::vector<ParquetColumn> parquet_schema() {
  std::vector<ParquetColumn> columns;
  const auto add = [&]<class Member>(const ParquetField<Member>& field) {
    ParquetColumn column{std::string(field.name), {}};
    detail::parquet::append_type_of<Member>(column.type);
    columns.push_back(std::move(column));
  };
  std::apply([&](const auto&... fields) { (add(fields), ...); }, T::parquet_fields());
  return columns;
}

}  // namespace hydrant
