#include "fft_plan.h"

#include <cmath>
#include <list>
#include <mutex>
#include <new>
#include <numbers>
#include <vector>

namespace wengert::kernels {
namespace {

constexpr size_t kKeptBytes = size_t{64} << 20;
constexpr size_t kKeptPlans = 256;

struct Complex {
  double re, im;
};

// exp(-2 pi i k / n) for 0 <= k < n, of angles below pi / 4, so that symmetric ones agree.
Complex root(int64_t k, int64_t n) {
  if (2 * k > n) {
    const Complex c = root(n - k, n);
    return {c.re, -c.im};
  }
  if (4 * k > n) {
    const Complex c = root(n - 2 * k, 2 * n);  // n/2 - k, of n
    return {-c.re, c.im};
  }
  if (8 * k > n) {
    const Complex c = root(n - 4 * k, 4 * n);  // n/4 - k, of n
    return {-c.im, -c.re};
  }
  const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
  return {std::cos(angle), -std::sin(angle)};
}

// The first n roots of unity, for tables of many.
class Roots {
 public:
  explicit Roots(int64_t n) : n_(n) {
    if (n % 8 != 0) return;
    for (int64_t k = 0; k <= n / 8; ++k) first_.push_back(root(k, n));
  }
  Complex operator()(int64_t k) const {
    if (n_ % 8 != 0) return root(k, n_);
    const int64_t eighth = n_ / 8, octant = k / eighth, rest = k % eighth;
    const Complex c = first_[static_cast<size_t>(octant % 2 ? eighth - rest : rest)];
    // Even octants count from their start, odd ones back from their end.
    switch (octant) {
      case 0:
        return c;
      case 1:
        return {-c.im, -c.re};
      case 2:
        return {c.im, -c.re};
      case 3:
        return {-c.re, c.im};
      case 4:
        return {-c.re, -c.im};
      case 5:
        return {c.im, c.re};
      case 6:
        return {-c.im, c.re};
      default:
        return {c.re, -c.im};
    }
  }

 private:
  int64_t n_;
  std::vector<Complex> first_;
};

// The radices in the order of the stages. The number of lanes comes last where it divides n: then a
// single line's last stage runs in vectors too.
std::vector<int64_t> radices_of(int64_t n, int lanes) {
  std::vector<int64_t> radices;
  const bool lanes_last = n % lanes == 0 && n >= lanes * lanes;
  if (lanes_last) n /= lanes;
  int twos = 0;
  for (; n % 2 == 0; n /= 2) ++twos;
  for (int64_t f = 3; f * f <= n; f += 2) {
    for (; n % f == 0; n /= f) radices.push_back(f);
  }
  if (n > 1) radices.push_back(n);
  // By 8, but for one 2 or 4, or two 4.
  const int fours = twos == 1 ? 0 : twos % 3 == 2 ? 1 : twos % 3 == 1 ? 2 : 0;
  if (twos == 1) radices.push_back(2);
  for (int i = 0; i < fours; ++i) radices.push_back(4);
  for (int i = 0; i < (twos - 2 * fours) / 3; ++i) radices.push_back(8);
  if (lanes_last) radices.push_back(lanes);
  return radices;
}

// The shortest good length of at least n: 2^a, 3 2^a or 5 2^a, in vectors to the end.
int64_t convolution_length(int64_t n, int lanes) {
  int64_t best = 0;
  for (const int64_t odd : {1, 3, 5}) {
    int64_t m = odd * lanes * lanes;
    while (m < n) m *= 2;
    if (best == 0 || m < best) best = m;
  }
  return best;
}

constexpr std::align_val_t kAlignment{64};
struct Free {
  void operator()(char* p) const { operator delete[](p, kAlignment); }
};

struct OwnedPlan : FftPlan {
  OwnedPlan() : FftPlan() {}
  std::vector<std::unique_ptr<char[], Free>> memory;
  std::shared_ptr<OwnedPlan> inner;
  size_t bytes = sizeof(FftPlan);

  template <class T>
  T* table(int64_t n) {
    const size_t size = static_cast<size_t>(n) * sizeof(T);
    memory.emplace_back(new (kAlignment) char[size]());
    bytes += size;
    return reinterpret_cast<T*>(memory.back().get());
  }
};

template <class T>
void put(T* re, T* im, Complex c) {
  *re = static_cast<T>(c.re);
  *im = static_cast<T>(c.im);
}

template <class T>
void add_stages(OwnedPlan& p, const std::vector<int64_t>& radices, int lanes) {
  const Roots roots(p.length);
  int64_t before = 1;
  for (const int64_t r : radices) {
    FftStage& s = p.stages[p.n_stages++];
    s = {r, before, nullptr, nullptr};
    if (before > 1) {
      T* w = p.table<T>((before + lanes - 1) / lanes * (r - 1) * 2 * lanes);
      s.twiddles = w;
      const int64_t step = p.length / (r * before);
      for (int64_t k = 0; k < before; ++k) {
        T* at = w + k / lanes * (r - 1) * 2 * lanes + k % lanes;
        for (int64_t c = 1; c < r; ++c, at += 2 * lanes) put(at, at + lanes, roots(c * k * step));
      }
    }
    if (r % 2) {
      T* w = p.table<T>(2 * r);
      s.roots = w;
      for (int64_t j = 0; j < r; ++j) {
        const Complex c = root(j, r);
        put(w + j, w + r + j, {c.re, -c.im});
      }
    }
    before *= r;
  }
}

std::shared_ptr<OwnedPlan> make_plan(DType real, int64_t length, bool halves);

// The filter's transform is computed in double precision.
template <class T>
void add_convolution(OwnedPlan& p, DType real) {
  // Those of float32: a multiple of those of float64.
  const int lanes = fft(DType::float32).lanes;
  const int64_t n = p.length, m = convolution_length(2 * n - 1, lanes);
  p.inner = make_plan(real, m, false);
  p.convolution = p.inner.get();
  p.bytes += p.inner->bytes;
  const auto wide = real == DType::float64 ? p.inner : make_plan(DType::float64, m, false);
  T* chirp = p.table<T>(2 * n);
  std::vector<Complex> filter(static_cast<size_t>(m));
  int64_t square = 0;  // k^2 modulo 2 n
  for (int64_t k = 0; k < n; ++k) {
    const Complex c = root(square, 2 * n);
    put(chirp + k, chirp + n + k, c);
    filter[static_cast<size_t>(k)] = {c.re, -c.im};
    if (k > 0) filter[static_cast<size_t>(m - k)] = {c.re, -c.im};
    square = (square + 2 * k + 1) % (2 * n);
  }
  FftLines l{};
  l.scale = 1 / static_cast<double>(m);
  l.edge = 1;
  l.in_step = l.out_step = 2;
  l.in = l.out = filter.data();
  const FftKernels& kernels = fft(DType::float64);
  std::vector<double> scratch(kernels.scratch(*wide, l) / sizeof(double));
  kernels.lines(*wide, l, 0, 1, scratch.data());
  T* table = p.table<T>(2 * m);
  for (int64_t k = 0; k < m; ++k) put(table + k, table + m + k, filter[static_cast<size_t>(k)]);
  p.chirp = chirp;
  p.filter = table;
}

template <class T>
void fill(OwnedPlan& p, DType real, bool halves) {
  const int lanes = fft(real).lanes;
  const std::vector<int64_t> radices = radices_of(p.length, lanes);
  bool direct = true;
  for (const int64_t r : radices) direct &= r <= kFftMaxRadix;
  direct ? add_stages<T>(p, radices, lanes) : add_convolution<T>(p, real);
  if (!halves) return;
  const int64_t h = p.length;
  T* w = p.table<T>(2 * (h + 1));
  for (int64_t k = 0; k <= h; ++k) {
    const Complex c = root(k, 2 * h);
    put(w + k, w + h + 1 + k, {c.im, -c.re});
  }
  p.halves = w;
}

std::shared_ptr<OwnedPlan> make_plan(DType real, int64_t length, bool halves) {
  const auto p = std::make_shared<OwnedPlan>();
  p->length = length;
  real == DType::float64 ? fill<double>(*p, real, halves) : fill<float>(*p, real, halves);
  return p;
}

struct Kept {
  DType real;
  int64_t length;
  bool real_lines;
  std::shared_ptr<OwnedPlan> plan;
};

}  // namespace

std::shared_ptr<const FftPlan> fft_plan(DType real, int64_t length, bool real_lines) {
  static auto& mutex = *new std::mutex;
  static auto& kept = *new std::list<Kept>;  // the last used first
  static size_t bytes = 0;
  // Odd real lines are transformed as complex ones.
  const bool halves = real_lines && length % 2 == 0;
  {
    const std::lock_guard lock(mutex);
    for (auto i = kept.begin(); i != kept.end(); ++i) {
      if (i->real != real || i->length != length || i->real_lines != halves) continue;
      kept.splice(kept.begin(), kept, i);
      return i->plan;
    }
  }
  auto plan = make_plan(real, halves ? length / 2 : length, halves);
  const std::lock_guard lock(mutex);
  kept.push_front({real, length, halves, plan});
  bytes += plan->bytes;
  while (kept.size() > 1 && (bytes > kKeptBytes || kept.size() > kKeptPlans)) {
    bytes -= kept.back().plan->bytes;
    kept.pop_back();
  }
  return plan;
}

}  // namespace wengert::kernels
