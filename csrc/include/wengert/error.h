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
  const char* what() const noexcept override {
    return noted_.empty() ? std::runtime_error::what() : noted_.c_str();
  }
  // Lengthens the message.
  void add_note(const std::string& note) { noted_ = what() + note; }

 private:
  std::string noted_;
};
// An exception of another language on its way through the library.
class WENGERT_API ForeignError : public std::exception {
 public:
  virtual void add_note(const std::string& note) noexcept = 0;
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
// A matrix that a factorization does not exist for (Python: wengert.linalg.LinAlgError, a
// RuntimeError).
class WENGERT_API LinAlgError : public Error {
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
