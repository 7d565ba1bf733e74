// Files, as far as saving and loading needs them. All throw IoError with the system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

// A regular file, read from its beginning, or from where it was set to.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  uint64_t size() const { return size_; }
  void read(void* to, size_t n);
  void seek(uint64_t at);  // at most size()

 private:
  std::string path_;
  int fd_;
  uint64_t size_ = 0;
};

// A file that appears under its name when it is complete. Until commit() the bytes go to a
// temporary file beside it, which is removed if commit() is not reached.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* from, size_t n);
  void commit();

 private:
  std::string path_, temporary_;
  int fd_ = -1;
};

}  // namespace io
WENGERT_NAMESPACE_END
