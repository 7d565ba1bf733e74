#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

// Some systems refuse to move more at once.
constexpr size_t kMostAtOnce = size_t{1} << 30;

[[noreturn]] void fail_with_reason(const char* op, const std::string& path, int error = errno) {
  fail<IoError>(op, ": ", path, ": ", std::strerror(error));
}

void check_path(const char* op, const std::string& path) {
  WG_CHECK(path.find('\0') == path.npos, ValueError, op, ": the path contains a zero character");
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where a symbolic link leads, so that the link stays when the file is replaced.
std::string resolved(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  if (!real) return path;
  const std::string result = real;
  std::free(real);
  return result;
}

int open_retrying(const char* path, int flags, mode_t mode = 0) {
  while (true) {
    const int fd = ::open(path, flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  check_path("load", path);
  // A pipe must not keep us waiting for somebody who writes to it.
  fd_ = open_retrying(path.c_str(), O_RDONLY | O_NONBLOCK);
  if (fd_ < 0) fail_with_reason("load", path);
  struct stat s;
  if (::fstat(fd_, &s) != 0) {
    const int error = errno;
    ::close(fd_);
    fail_with_reason("load", path, error);
  }
  if (!S_ISREG(s.st_mode)) {
    ::close(fd_);
    fail<IoError>("load: ", path, ": expected a regular file");
  }
  size_ = static_cast<uint64_t>(s.st_size);
}

InputFile::~InputFile() { ::close(fd_); }

void InputFile::seek(uint64_t at) {
  if (::lseek(fd_, static_cast<off_t>(at), SEEK_SET) < 0) fail_with_reason("load", path_);
}

void InputFile::read(void* to, size_t n) {
  char* p = static_cast<char*>(to);
  while (n > 0) {
    const ssize_t got = ::read(fd_, p, n < kMostAtOnce ? n : kMostAtOnce);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_reason("load", path_);
    if (got == 0) fail<IoError>("load: ", path_, ": the file became shorter while it was read");
    p += got;
    n -= static_cast<size_t>(got);
  }
}

OutputFile::OutputFile(const std::string& path) {
  check_path("save", path);
  path_ = resolved(path);
  struct stat s;
  const bool exists = ::stat(path_.c_str(), &s) == 0;
  if (exists && !S_ISREG(s.st_mode)) fail<IoError>("save: ", path, ": expected a regular file");
  static std::atomic<uint32_t> counter{0};
  do {
    temporary_ =
        path_ + "." + std::to_string(::getpid()) + "-" + std::to_string(++counter) + ".tmp";
    fd_ = open_retrying(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  } while (fd_ < 0 && errno == EEXIST);
  if (fd_ < 0) fail_with_reason("save", temporary_);
  // The new file may be read by whom the old one could be. If that is refused, umask decides.
  if (exists && ::fchmod(fd_, s.st_mode & 0777) != 0) errno = 0;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(const void* from, size_t n) {
  const char* p = static_cast<const char*>(from);
  while (n > 0) {
    const ssize_t put = ::write(fd_, p, n < kMostAtOnce ? n : kMostAtOnce);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_with_reason("save", path_);
    p += put;
    n -= static_cast<size_t>(put);
  }
}

void OutputFile::commit() {
  if (::fsync(fd_) != 0) fail_with_reason("save", path_);
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0 && errno != EINTR) fail_with_reason("save", path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_with_reason("save", path_);
  temporary_.clear();
  // The name too shall survive a crash. Not every file system can promise that.
  const int folder = open_retrying(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

}  // namespace io
WENGERT_NAMESPACE_END
