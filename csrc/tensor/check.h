// Argument checks that name the operation, what was expected, what was given, and the remedy.
#pragma once

#include <sstream>
#include <string>

#include "wengert/error.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

std::string to_text(Dims dims);  // "(2, 3)"

inline void append(std::ostringstream& s, Dims d) { s << to_text(d); }
inline void append(std::ostringstream& s, DType t) { s << name_of(t); }
template <class T>
void append(std::ostringstream& s, const T& v) {
  s << v;
}

// Throws E with the arguments joined into one message.
template <class E = Error, class... Args>
[[noreturn]] __attribute__((cold, noinline)) void fail(const Args&... args) {
  std::ostringstream s;
  (append(s, args), ...);
  throw E(s.str());
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
