// Exceptions thrown by the library. Python sees the built-in exception of the same name.
#pragma once

#include <stdexcept>
#include <string>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

// Base class; also what a misuse that fits no other class throws (Python: RuntimeError).
class WENGERT_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class WENGERT_API ValueError : public Error {
 public:
  using Error::Error;
};
class WENGERT_API TypeError : public Error {
 public:
  using Error::Error;
};
class WENGERT_API IndexError : public Error {
 public:
  using Error::Error;
};
class WENGERT_API NotImplementedError : public Error {
 public:
  using Error::Error;
};
// Python: OSError.
class WENGERT_API IoError : public Error {
 public:
  using Error::Error;
};
// The allocator could not serve a request (Python: MemoryError).
class WENGERT_API OutOfMemoryError : public Error {
 public:
  using Error::Error;
};
// A broken invariant of the library itself: always a bug (Python: SystemError).
class WENGERT_API InternalError : public Error {
 public:
  using Error::Error;
};

WENGERT_NAMESPACE_END
