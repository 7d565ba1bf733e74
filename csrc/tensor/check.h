// Argument checks that name the operation, what was expected, what was given, and the remedy.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "wengert/error.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

std::string to_text(Dims dims);  // "(2, 3)"

// An argument of a message. There are few types of them, so that the messages of thousands of
// checks share their code.
using Piece =
    std::variant<const char*, std::string_view, char, int64_t, uint64_t, double, DType, Dims>;

template <class T>
auto piece_of(const T& v) {
  if constexpr (std::is_convertible_v<const T&, const char*>) {
    return static_cast<const char*>(v);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return static_cast<std::string_view>(v);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(v);
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, char>) {
    return static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(v);
  } else {
    return v;
  }
}

std::string join(const Piece* pieces, size_t count);

template <class E>
[[noreturn]] __attribute__((cold, noinline)) void fail_joined(const Piece* pieces, size_t count) {
  throw E(join(pieces, count));
}
template <class E, class... Values>
[[noreturn]] __attribute__((cold, noinline)) void fail_with(Values... values) {
  const Piece pieces[] = {values...};
  fail_joined<E>(pieces, sizeof...(values));
}

// Throws E with the arguments joined into one message.
template <class E = Error, class... Args>
[[noreturn]] __attribute__((always_inline)) inline void fail(const Args&... args) {
  fail_with<E>(piece_of(args)...);
}

// Evaluates the message only when the condition is false.
#define WG_CHECK(condition, ErrorClass, ...)    \
  do {                                          \
    if (!(condition)) [[unlikely]]              \
      ::wengert::fail<ErrorClass>(__VA_ARGS__); \
  } while (false)

#define WG_ASSERT(condition)                                                    \
  do {                                                                          \
    if (!(condition)) [[unlikely]]                                              \
      ::wengert::fail<::wengert::InternalError>("internal error: ", #condition, \
                                                " is false; "                   \
                                                "this is a bug in wengert");    \
  } while (false)

// d in [-ndim, ndim) to [0, ndim); IndexError otherwise. A 0-d tensor counts as one dimension.
int64_t wrap_dim(const char* op, int64_t d, int64_t ndim);

WENGERT_NAMESPACE_END
