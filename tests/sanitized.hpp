// SPDX-License-Identifier: MIT
//
// Whether a sanitizer watches this program. They bring their own allocation and
// lock functions and multiply memory and time, so a few tests count less, or do
// less, under them.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define HYDRANT_TESTS_THREAD_SANITIZER 1
#elif defined(__SANITIZE_ADDRESS__)
#define HYDRANT_TESTS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HYDRANT_TESTS_THREAD_SANITIZER 1
#elif __has_feature(address_sanitizer)
#define HYDRANT_TESTS_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef HYDRANT_TESTS_THREAD_SANITIZER
#define HYDRANT_TESTS_THREAD_SANITIZER 0
#endif
#ifndef HYDRANT_TESTS_ADDRESS_SANITIZER
#define HYDRANT_TESTS_ADDRESS_SANITIZER 0
#endif

namespace hydrant::tests {

inline constexpr bool is_sanitized =
    HYDRANT_TESTS_THREAD_SANITIZER != 0 || HYDRANT_TESTS_ADDRESS_SANITIZER != 0;

}  // namespace hydrant::tests
