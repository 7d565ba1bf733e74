#include "io/zip.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

[[noreturn]] void damaged(const char* what) {
  fail<ValueError>("load: the zip archive is damaged or was cut off: ", what);
}

// A little-endian number at a place of a text, which is there.
template <class T>
T number(std::string_view s, size_t at) {
  T v = 0;
  if (s.size() < sizeof v || at > s.size() - sizeof v) damaged("it ends within a header");
  std::memcpy(&v, s.data() + at, sizeof v);
  return v;
}

constexpr uint32_t kEntry = 0x04034b50, kDirectory = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr uint32_t kIn64 = 0xFFFFFFFF;  // a number that stands in 64 bits elsewhere
constexpr uint64_t kMostEntries = 1 << 24;

uint32_t sum_of(const void* data, size_t n) {
  static constexpr auto table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  uint32_t crc = 0xFFFFFFFF;
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < n; ++i) crc = table[(crc ^ bytes[i]) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

}  // namespace

std::string ZipReader::bytes(uint64_t at, uint64_t n) {
  if (n > file_.size() || at > file_.size() - n) damaged("something lies beyond its end");
  std::string s(n, '\0');
  file_.seek(at);
  file_.read(s.data(), n);
  return s;
}

ZipReader::ZipReader(const std::string& path) : file_(path) {
  // The record at the end, which a comment may follow.
  constexpr uint64_t kSize = 22, kLongest = kSize + 0xFFFF;
  const uint64_t tail_size = std::min<uint64_t>(file_.size(), kLongest);
  const std::string tail = bytes(file_.size() - tail_size, tail_size);
  size_t end = std::string::npos;
  for (size_t i = tail.size() >= kSize ? tail.size() - kSize + 1 : 0; i-- > 0;) {
    if (number<uint32_t>(tail, i) == kEnd) {
      end = i;
      break;
    }
  }
  if (end == std::string::npos) damaged("it has no end record");
  uint64_t count = number<uint16_t>(tail, end + 10), size = number<uint32_t>(tail, end + 12);
  uint64_t at = number<uint32_t>(tail, end + 16);
  const uint64_t end_at = file_.size() - tail_size + end;
  if (end_at >= 20) {
    const std::string locator = bytes(end_at - 20, 20);
    if (number<uint32_t>(locator, 0) == kLocator64) {
      const std::string record = bytes(number<uint64_t>(locator, 8), 56);
      if (number<uint32_t>(record, 0) != kEnd64) damaged("its end record is not in its place");
      count = number<uint64_t>(record, 32);
      size = number<uint64_t>(record, 40);
      at = number<uint64_t>(record, 48);
    }
  }
  read_directory(at, size, count);
}

void ZipReader::read_directory(uint64_t at, uint64_t size, uint64_t count) {
  if (count > kMostEntries) damaged("it claims too many entries");
  const std::string directory = bytes(at, size);
  uint64_t total = 0;
  size_t i = 0;
  for (uint64_t k = 0; k < count; ++k) {
    if (number<uint32_t>(directory, i) != kDirectory) damaged("its directory is not valid");
    const auto flags = number<uint16_t>(directory, i + 8),
               method = number<uint16_t>(directory, i + 10);
    Entry entry{number<uint32_t>(directory, i + 42), number<uint32_t>(directory, i + 24),
                number<uint32_t>(directory, i + 16), method == 0 && (flags & 1) == 0};
    uint64_t packed = number<uint32_t>(directory, i + 20);
    const size_t name_size = number<uint16_t>(directory, i + 28);
    const size_t extra_size = number<uint16_t>(directory, i + 30);
    const size_t comment_size = number<uint16_t>(directory, i + 32);
    if (directory.size() - i - 46 < name_size + extra_size) damaged("its directory is cut off");
    const std::string name = directory.substr(i + 46, name_size);
    const std::string_view extra(directory.data() + i + 46 + name_size, extra_size);
    for (size_t e = 0; e + 4 <= extra.size();) {
      const auto id = number<uint16_t>(extra, e);
      const std::string_view field = extra.substr(e + 4, number<uint16_t>(extra, e + 2));
      size_t f = 0;
      for (uint64_t* v : {&entry.size, &packed, &entry.header}) {
        if (id == 1 && *v == kIn64) {
          *v = number<uint64_t>(field, f);
          f += 8;
        }
      }
      e += 4 + field.size();
    }
    entry.stored = entry.stored && packed == entry.size;
    if (__builtin_add_overflow(total, entry.size, &total) || total > file_.size()) {
      damaged("its entries claim more than the file holds");
    }
    if (!entries_.emplace(name, entry).second) damaged("an entry stands in it twice");
    i += 46 + name_size + extra_size + comment_size;
  }
}

const ZipReader::Entry& ZipReader::find(const std::string& name) const {
  const auto found = entries_.find(name);
  WG_CHECK(found != entries_.end(), ValueError, "load: the zip archive has no entry '", name,
           "'; it is damaged");
  WG_CHECK(found->second.stored, ValueError, "load: '", name,
           "' is compressed or encrypted, which torch.save never does; pack the archive again "
           "without (zip -0)");
  return found->second;
}

void ZipReader::read(const std::string& name, void* to, uint64_t size) {
  const Entry& entry = find(name);
  WG_CHECK(entry.size == size, ValueError, "load: '", name, "' must have ", size,
           " bytes, but the file has ", entry.size);
  const std::string header = bytes(entry.header, 30);
  if (number<uint32_t>(header, 0) != kEntry) damaged("an entry is not in its place");
  const uint64_t begin =
      entry.header + 30 + number<uint16_t>(header, 26) + number<uint16_t>(header, 28);
  if (size > file_.size() || begin > file_.size() - size) damaged("it ends within an entry");
  file_.seek(begin);
  file_.read(to, size);
  // PyTorch can be told not to write sums, which then are 0.
  WG_CHECK(entry.crc == 0 || sum_of(to, size) == entry.crc, ValueError, "load: the bytes of '",
           name, "' are not those that were saved; the file is damaged");
}

std::string ZipReader::read(const std::string& name) {
  std::string s(find(name).size, '\0');
  read(name, s.data(), s.size());
  return s;
}

}  // namespace io
WENGERT_NAMESPACE_END
