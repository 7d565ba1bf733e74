// The sizes in which the allocator keeps memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace wengert::runtime {

// Small blocks: 16, 32, 48, then multiples of 64 up to 1 KiB (so that a block of 64 bytes or more
// is 64-byte aligned), then four sizes for each doubling up to 64 KiB.
inline constexpr size_t kFineLimit = 1024;
inline constexpr size_t kSmallLimit = 64 * 1024;
inline constexpr int kFineClasses = 19;
inline constexpr int kSmallClasses = kFineClasses + 4 * 6;

struct SmallClasses {
  std::array<uint8_t, kFineLimit / 16 + 1> fine{};  // class of a size in units of 16 bytes
  std::array<uint32_t, kSmallClasses> size{};
};

constexpr SmallClasses make_small_classes() {
  SmallClasses t;
  for (size_t unit = 0; unit < t.fine.size(); ++unit) {
    const size_t c = unit <= 3 ? (unit == 0 ? 0 : unit - 1) : 3 + (unit - 1) / 4;
    t.fine[unit] = static_cast<uint8_t>(c);
    t.size[c] = static_cast<uint32_t>(c < 3 ? 16 * (c + 1) : 64 * (c - 2));
  }
  for (size_t c = kFineClasses; c < kSmallClasses; ++c) {
    const size_t doubling = (c - kFineClasses) / 4, step = (c - kFineClasses) % 4;
    t.size[c] = static_cast<uint32_t>((5 + step) << (8 + doubling));
  }
  return t;
}
inline constexpr SmallClasses kSmall = make_small_classes();

// For bytes <= kSmallLimit.
inline size_t small_class(size_t bytes) {
  if (bytes <= kFineLimit) return kSmall.fine[(bytes + 15) / 16];
  const size_t top = static_cast<size_t>(std::bit_width(bytes - 1)) - 1;  // 10 to 15
  return kFineClasses + (top - 10) * 4 + (((bytes - 1) >> (top - 2)) & 3);
}

// Blocks that move together between a thread and the shared lists: about 16 KiB.
constexpr uint32_t batch_length(size_t small_class) {
  const size_t n = 16 * 1024 / kSmall.size[small_class];
  return static_cast<uint32_t>(n < 1 ? 1 : n > 64 ? 64 : n);
}

// Large blocks: eight sizes for each doubling, so at most one eighth is unused.
inline constexpr size_t kLargestBlock = size_t{1} << 46;
inline constexpr int kLargeClasses = 8 * (46 - 16);

struct LargeClass {
  size_t index;
  size_t size;
};
// For kSmallLimit < bytes <= kLargestBlock.
inline LargeClass large_class(size_t bytes) {
  const size_t top = static_cast<size_t>(std::bit_width(bytes - 1)) - 1;  // 16 to 45
  const size_t step = ((bytes - 1) >> (top - 3)) & 7;
  return {(top - 16) * 8 + step, (9 + step) << (top - 3)};
}

}  // namespace wengert::runtime
