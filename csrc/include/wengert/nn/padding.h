// Layers that pad the last dimensions of (N, C, ...) or (C, ...).
#pragma once

#include <array>
#include <concepts>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// One amount, or (before, after) for each of N dimensions from the last one backwards; negative
// ones cut off.
template <size_t N>
struct MarginsOf {
  MarginsOf(int64_t all) { d.fill(all); }
  template <std::convertible_to<int64_t>... Rest>
    requires(sizeof...(Rest) + 1 == 2 * N)
  MarginsOf(int64_t first, Rest... rest) : d{first, static_cast<int64_t>(rest)...} {}
  operator Dims() const { return {d.data(), d.size()}; }
  std::array<int64_t, 2 * N> d;
};

template <size_t N>
class WENGERT_API PadNd : public Module {
 public:
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  const MarginsOf<N> padding;
  const double value;

 protected:
  PadNd(const char* mode, const MarginsOf<N>& padding, double value = 0)
      : padding(padding), value(value), mode_(mode) {}

 private:
  const char* const mode_;
};
extern template class PadNd<1>;
extern template class PadNd<2>;
extern template class PadNd<3>;

#define WENGERT_PAD(Name, n, mode)                                                           \
  class WENGERT_API Name##n##d : public PadNd<n> {                                           \
   public:                                                                                   \
    explicit Name##n##d(const MarginsOf<n>& padding) : PadNd<n>(mode, padding) {}            \
    std::shared_ptr<Module> make_like() const override { return make<Name##n##d>(padding); } \
  };
#define WENGERT_PADS(Name, mode) \
  WENGERT_PAD(Name, 1, mode)     \
  WENGERT_PAD(Name, 2, mode)     \
  WENGERT_PAD(Name, 3, mode)
WENGERT_PADS(ZeroPad, "constant")
WENGERT_PADS(ReflectionPad, "reflect")  // the mirror image, the border not repeated
WENGERT_PADS(ReplicationPad, "replicate")
WENGERT_PADS(CircularPad, "circular")  // what stands at the other end
#undef WENGERT_PADS
#undef WENGERT_PAD

#define WENGERT_PAD(n)                                           \
  class WENGERT_API ConstantPad##n##d : public PadNd<n> {        \
   public:                                                       \
    ConstantPad##n##d(const MarginsOf<n>& padding, double value) \
        : PadNd<n>("constant", padding, value) {}                \
    std::string extra_repr() const override;                     \
    std::shared_ptr<Module> make_like() const override {         \
      return make<ConstantPad##n##d>(padding, value);            \
    }                                                            \
  };
WENGERT_PAD(1)
WENGERT_PAD(2)
WENGERT_PAD(3)
#undef WENGERT_PAD

}  // namespace nn
WENGERT_NAMESPACE_END
