// Zip archives whose entries are not compressed, as PyTorch's save writes them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "io/file.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

// All throws are ValueError: for archives that are damaged, and for entries that are compressed,
// stand twice or claim more than the file holds.
class ZipReader {
 public:
  explicit ZipReader(const std::string& path);

  struct Entry {
    uint64_t header, size;  // where its header begins; bytes of contents
    uint32_t crc;           // 0: not known
    bool stored;
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }
  // Reads the contents of an entry of this size and compares their sum.
  void read(const std::string& name, void* to, uint64_t size);
  std::string read(const std::string& name);

 private:
  const Entry& find(const std::string& name) const;
  void read_directory(uint64_t at, uint64_t size, uint64_t count);
  std::string bytes(uint64_t at, uint64_t n);

  InputFile file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace io
WENGERT_NAMESPACE_END
