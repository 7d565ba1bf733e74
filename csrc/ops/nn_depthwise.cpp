#include "ops/nn_depthwise.h"

#include <algorithm>

#include "kernels/depthwise.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Scratch;

// Images over which a weight's gradient is summed apart.
constexpr int64_t kParts = 16;
// Multiply-adds worth a second thread.
constexpr int64_t kSerialWork = 1 << 17;

// What planes and their kernels are, in memory.
struct Planes {
  const ConvolutionPlan& p;
  const int64_t volume = p.windows.volume(), positions = p.windows.positions();
  const int64_t taps = p.windows.taps(), outputs = p.out_channels;
  const kernels::DepthwiseKernels& kernel = kernels::depthwise(p.dtype);

  int64_t bytes(const kernels::PaddedPlane& plane) const {
    return plane.rows * plane.row() * p.item();
  }
  double bias(const void* values, int64_t channel) const {
    if (!values) return 0;
    return p.dtype == DType::float64
               ? static_cast<const double*>(values)[channel]
               : static_cast<double>(static_cast<const float*>(values)[channel]);
  }
  template <class F>
  void for_planes(const F& f) const {
    const int64_t work = taps * outputs * positions;
    runtime::parallel_for(p.batch * p.groups, kSerialWork / (work + 1) + 1, f);
  }
};

// Strides and dilations far beyond the image would make its padded plane mostly zeros.
bool pads_little(const ConvolutionPlan& p) {
  constexpr int64_t kAlways = 1 << 14, kTimes = 8;
  const kernels::PaddedPlane plane = kernels::depthwise(p.dtype).shape(p.windows);
  const int64_t used = p.windows.volume() + p.windows.taps() * p.windows.positions();
  // The product of the plane's sides may exceed 64 bits.
  return static_cast<double>(plane.rows) * static_cast<double>(plane.row()) <=
         static_cast<double>(kAlways + kTimes * used);
}

}  // namespace

bool Depthwise::covers(const ConvolutionPlan& p) {
  const kernels::Windows& w = p.windows;
  // With more outputs, one product for all of them reads the unfolded input less often.
  constexpr int64_t kFewOutputs = 8;
  return p.in_channels == 1 && p.out_channels < kFewOutputs && w.kernel[0] == 1 && w.in[0] == 1 &&
         w.padding[0] == 0 && w.taps() > 1 && w.positions() > 0 && pads_little(p);
}

void Depthwise::convolve(void* y, const void* x, const void* w, const void* bias) const {
  const Planes planes{plan};
  const kernels::PaddedPlane shape = planes.kernel.shape(plan.windows);
  planes.for_planes([&](int64_t begin, int64_t end) {
    const Scratch padded(planes.bytes(shape));
    for (int64_t i = begin; i < end; ++i) {
      planes.kernel.pad(plan.windows, shape, padded.data, plan.at(x, i * planes.volume));
      const int64_t first = i % plan.groups * planes.outputs;
      for (int64_t o = 0; o < planes.outputs; ++o)
        planes.kernel.output(plan.windows, shape,
                             plan.at(y, (i * planes.outputs + o) * planes.positions), padded.data,
                             plan.at(w, (first + o) * planes.taps), false,
                             planes.bias(bias, first + o), false);
    }
  });
}

void Depthwise::convolve_input(void* x, const void* y, const void* w, bool accumulate) const {
  const Planes planes{plan};
  // The adjoint is a convolution of stride 1 over y spread by the stride.
  kernels::Windows back = plan.windows;
  int64_t before[3] = {};
  for (int d = 1; d < 3; ++d) {
    back.out[d] = plan.windows.in[d];
    back.stride[d] = 1;
    before[d] = (back.kernel[d] - 1) * back.dilation[d] - back.padding[d];
  }
  const kernels::PaddedPlane shape = planes.kernel.shape(back);
  planes.for_planes([&](int64_t begin, int64_t end) {
    const Scratch padded(planes.bytes(shape));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % plan.groups * planes.outputs;
      for (int64_t o = 0; o < planes.outputs; ++o) {
        planes.kernel.spread(plan.windows, shape, before[1], before[2], padded.data,
                             plan.at(y, (i * planes.outputs + o) * planes.positions));
        planes.kernel.output(back, shape, plan.at(x, i * planes.volume), padded.data,
                             plan.at(w, (first + o) * planes.taps), true, 0, accumulate || o > 0);
      }
    }
  });
}

void Depthwise::convolve_weight(void* w, const void* x, const void* y, bool accumulate) const {
  const Planes planes{plan};
  const kernels::PaddedPlane shape = planes.kernel.shape(plan.windows);
  const int64_t parts = std::clamp<int64_t>(plan.batch, 1, kParts);
  const int64_t each = planes.outputs * planes.taps, weights = plan.groups * each;
  const Scratch memory(parts * weights * static_cast<int64_t>(sizeof(double)));
  auto* sums = reinterpret_cast<double*>(memory.data);
  std::fill(sums, sums + parts * weights, 0.0);
  const auto task = [&](int64_t index) {
    const int64_t part = index / plan.groups, group = index % plan.groups;
    const Scratch padded(planes.bytes(shape));
    const int64_t last = plan.batch * (part + 1) / parts;
    for (int64_t image = plan.batch * part / parts; image < last; ++image) {
      const int64_t i = image * plan.groups + group;
      planes.kernel.pad(plan.windows, shape, padded.data, plan.at(x, i * planes.volume));
      for (int64_t o = 0; o < planes.outputs; ++o)
        planes.kernel.weight(plan.windows, shape,
                             sums + part * weights + group * each + o * planes.taps, padded.data,
                             plan.at(y, (i * planes.outputs + o) * planes.positions));
    }
  };
  if (plan.batch * weights * planes.positions < kSerialWork) {
    for (int64_t i = 0; i < parts * plan.groups; ++i) task(i);
  } else {
    runtime::parallel_tasks(parts * plan.groups, task);
  }
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < weights; ++i) sums[i] += sums[part * weights + i];
  const auto put = [&](auto* to) {
    using T = std::remove_pointer_t<decltype(to)>;
    for (int64_t i = 0; i < weights; ++i)
      to[i] = accumulate ? to[i] + static_cast<T>(sums[i]) : static_cast<T>(sums[i]);
  };
  plan.dtype == DType::float64 ? put(static_cast<double*>(w)) : put(static_cast<float*>(w));
}

WENGERT_NAMESPACE_END
