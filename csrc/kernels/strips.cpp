#include "kernels/strips.h"

#include <algorithm>

namespace wengert::kernels {

namespace {
int64_t ceil_div(int64_t a, int64_t b) { return a <= 0 ? 0 : (a + b - 1) / b; }
}  // namespace

// The windows [first, first + count) along one axis. What tap k of window i sees is at
// i * step + k * tap; windows share elements unless that takes more of them.
struct Strips::Axis {
  int64_t first, count, kernel, stride, dilation, padding, in;
  int64_t step, tap, size;
  bool shared;

  Axis(const Windows& w, int d, int64_t first, int64_t count, bool whole)
      : first(first),
        count(count),
        kernel(w.kernel[d]),
        stride(w.stride[d]),
        dilation(w.dilation[d]),
        padding(w.padding[d]),
        in(w.in[d]) {
    const int64_t reach = (count - 1) * stride + (kernel - 1) * dilation + 1;
    shared = whole || reach <= count * kernel;
    step = shared ? stride : kernel;
    tap = shared ? dilation : 1;
    size = whole ? in : shared ? reach : count * kernel;
  }
  // Where element i comes from; outside [0, in): padding.
  int64_t source(int64_t i) const {
    return shared ? first * stride + i - padding
                  : (first + i / kernel) * stride + i % kernel * dilation - padding;
  }
  bool used(int64_t i) const {
    for (int64_t k = 0; shared && k < kernel; ++k) {
      const int64_t at = i - k * dilation;
      if (at >= 0 && at % stride == 0 && at / stride < count) return true;
    }
    return !shared;
  }
};

Strips::Strips(const Windows& w, int64_t images, int64_t image, int64_t begin, int64_t end,
               int64_t panel, int64_t narrow, bool copied)
    : direct_(!copied && (w.stride[2] == 1 || w.kernel[2] == 1) && w.padding[0] == 0 &&
              w.padding[1] == 0 && w.padding[2] == 0),
      images_(images),
      size_(0),
      line_(0),
      stride_(w.stride[2]),
      width_(w.in[2]),
      start_(0),
      reach_(0) {
  if (begin >= end) return;
  const int64_t first = begin / w.out[2], last = (end - 1) / w.out[2];
  const int64_t first0 = first / w.out[1], last0 = last / w.out[1];
  const bool one0 = first0 == last0, one1 = first == last;
  const auto axis = [&](int d, int64_t from, int64_t count) {
    return direct_ ? Axis(w, d, 0, w.out[d], true) : Axis(w, d, from, count, false);
  };
  const Axis a0 = axis(0, first0, last0 - first0 + 1);
  const Axis a1 = axis(1, one0 ? first % w.out[1] : 0, one0 ? last - first + 1 : w.out[1]);
  const Axis a2 = axis(2, one1 ? begin % w.out[2] : 0, one1 ? end - begin : w.out[2]);
  set_lines(w, a0, a1, a2);
  set_runs(w, begin, end, panel, narrow, direct_ ? image : size_, a0, a1, a2);
}

void Strips::set_lines(const Windows& w, const Axis& a0, const Axis& a1, const Axis& a2) {
  // Elements that a stride's multiples lie apart share a plane.
  std::vector<int64_t> column(static_cast<size_t>(a2.kernel));
  const auto add = [&](int64_t source, int64_t count) {
    StripPlane p{line_, 0, 0, 0, 0};
    p.before = std::min(ceil_div(-source, a2.stride), count);
    p.inside =
        std::max<int64_t>(std::min(ceil_div(a2.in - source, a2.stride), count) - p.before, 0);
    p.after = count - p.before - p.inside;
    p.from = source + p.before * a2.stride;
    planes_.push_back(p);
    line_ += count;
  };
  const int64_t start = a2.first * a2.stride - a2.padding;
  for (int64_t k = 0; k < a2.kernel; ++k) {
    const int64_t q = k * a2.dilation;
    if (direct_) {
      column[static_cast<size_t>(k)] = q;
    } else if (!a2.shared) {
      column[static_cast<size_t>(k)] = line_;
      add(start + q, a2.count);
    } else {
      int64_t same = 0;  // the first tap of the plane
      while (same * a2.dilation % a2.stride != q % a2.stride) ++same;
      const int64_t shift = (q - same * a2.dilation) / a2.stride;
      if (same == k) {
        int64_t most = k;
        for (int64_t j = k; j < a2.kernel; ++j) {
          if (j * a2.dilation % a2.stride == q % a2.stride) most = j;
        }
        column[static_cast<size_t>(k)] = line_;
        add(start + q, a2.count + (most - k) * a2.dilation / a2.stride);
      } else {
        column[static_cast<size_t>(k)] = column[static_cast<size_t>(same)] + shift;
      }
    }
  }
  if (direct_) line_ = a2.in;
  for (int64_t k0 = 0; k0 < a0.kernel; ++k0) {
    for (int64_t k1 = 0; k1 < a1.kernel; ++k1) {
      for (const int64_t at : column)
        taps_.push_back((k0 * a0.tap * a1.size + k1 * a1.tap) * line_ + at);
    }
  }
  size_ = a0.size * a1.size * line_;
  if (direct_) return;
  for (int64_t i = 0; i < a0.size; ++i) {
    const int64_t s0 = a0.source(i);
    for (int64_t j = 0; j < a1.size; ++j) {
      const int64_t s1 = a1.source(j);
      const bool inside = s0 >= 0 && s0 < w.in[0] && s1 >= 0 && s1 < w.in[1];
      sources_.push_back(!a0.used(i) || !a1.used(j) ? StripLines::kUnused
                         : inside                   ? (s0 * w.in[1] + s1) * w.in[2]
                                                    : StripLines::kPadding);
      if (sources_.back() < 0) continue;
      start_ = reach_ == 0 ? sources_.back() : std::min(start_, sources_.back());
      reach_ = std::max(reach_, sources_.back() + w.in[2]);
    }
  }
}

void Strips::set_runs(const Windows& w, int64_t begin, int64_t end, int64_t panel, int64_t narrow,
                      int64_t image, const Axis& a0, const Axis& a1, const Axis& a2) {
  const int64_t columns = images_ * (end - begin);
  int64_t column = 0;
  for (int64_t n = 0; n < images_; ++n) {
    for (int64_t p = begin; p < end;) {
      const int64_t line = p / w.out[2], o2 = p - line * w.out[2];
      const int64_t o0 = line / w.out[1], o1 = line - o0 * w.out[1];
      const int64_t to = column % panel, before = column - to;
      const int64_t count = std::min({w.out[2] - o2, end - p, panel - to});
      const int64_t row = (o0 - a0.first) * a0.step * a1.size + (o1 - a1.first) * a1.step;
      runs_.push_back({n * image + row * line_ + (o2 - a2.first) * step(), to, count, before,
                       columns - before > narrow ? panel : narrow});
      p += count;
      column += count;
    }
    if (n == 0 && direct_) start_ = runs_.front().from;
    if (n == 0 && direct_)
      reach_ = runs_.back().from + (runs_.back().count - 1) * step() + 1 + taps_.back();
  }
}

StripLines Strips::lines() const {
  return {static_cast<int64_t>(sources_.size()),
          sources_.data(),
          line_,
          static_cast<int64_t>(planes_.size()),
          planes_.data(),
          stride_,
          width_};
}

StripRuns Strips::runs() const {
  return {static_cast<int64_t>(runs_.size()), runs_.data(), static_cast<int64_t>(taps_.size()),
          taps_.data(), step()};
}

}  // namespace wengert::kernels
