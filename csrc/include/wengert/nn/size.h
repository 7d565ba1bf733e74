// Sizes of windows: one number for all dimensions, or one for each.
#pragma once

#include <array>
#include <concepts>
#include <string>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

template <size_t N>
struct SizeOf {
  SizeOf(int64_t all) : is_one(true) { d.fill(all); }
  template <std::convertible_to<int64_t>... Rest>
    requires(sizeof...(Rest) > 0 && sizeof...(Rest) + 1 == N)
  SizeOf(int64_t first, Rest... rest) : d{first, static_cast<int64_t>(rest)...} {}
  operator Dims() const { return {d.data(), N}; }
  bool operator==(const SizeOf& o) const { return d == o.d; }
  std::array<int64_t, N> d;
  bool is_one = false;  // given as one number
};
using Size1 = SizeOf<1>;
using Size2 = SizeOf<2>;
using Size3 = SizeOf<3>;

// Sizes that may be left out.
template <size_t N>
struct OptionalSizeOf : SizeOf<N> {
  using SizeOf<N>::SizeOf;
  OptionalSizeOf() : SizeOf<N>(0), given(false) {}
  OptionalSizeOf(const SizeOf<N>& sizes) : SizeOf<N>(sizes) {}
  const SizeOf<N>& value_or(const SizeOf<N>& other) const { return given ? *this : other; }
  bool given = true;
};

// How much a convolution adds at both ends of each dimension: numbers, "same" (as much as keeps the
// size) or "valid" (nothing).
template <size_t N>
struct PaddingOf : SizeOf<N> {
  using SizeOf<N>::SizeOf;
  PaddingOf(const SizeOf<N>& sizes) : SizeOf<N>(sizes) {}
  template <size_t Length>
  PaddingOf(const char (&text)[Length]) : SizeOf<N>(0), name(text) {}
  PaddingOf(const std::string& text) : SizeOf<N>(0), name(text) {}
  std::string name;  // empty for numbers
};

}  // namespace nn
WENGERT_NAMESPACE_END
