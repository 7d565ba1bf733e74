// Integers with the functions that the SAME and INT rows of the operation tables use. Arithmetic
// wraps.
#pragma once

#include <stdint.h>

namespace wengert::kernels::generic {
namespace {

template <bool condition, class A, class B>
struct Either {
  using type = A;
};
template <class A, class B>
struct Either<false, A, B> {
  using type = B;
};

template <class T>
struct Int {
  using Unsigned = typename Either<sizeof(T) == 8, uint64_t, uint32_t>::type;
  static constexpr int kBits = sizeof(T) * 8;
  T v;

  Int() = default;
  template <class N>
  constexpr Int(N n) : v(static_cast<T>(n)) {}

  static constexpr Int wrap(Unsigned u) { return Int(static_cast<T>(u)); }
  constexpr Unsigned u() const { return static_cast<Unsigned>(v); }

  friend Int operator+(Int a, Int b) { return wrap(a.u() + b.u()); }
  friend Int operator-(Int a, Int b) { return wrap(a.u() - b.u()); }
  friend Int operator*(Int a, Int b) { return wrap(a.u() * b.u()); }
  friend Int operator-(Int a) { return wrap(0 - a.u()); }
  friend Int operator&(Int a, Int b) { return wrap(a.u() & b.u()); }
  friend Int operator|(Int a, Int b) { return wrap(a.u() | b.u()); }
  friend Int operator^(Int a, Int b) { return wrap(a.u() ^ b.u()); }
  friend bool operator<(Int a, Int b) { return a.v < b.v; }
  friend bool operator>(Int a, Int b) { return a.v > b.v; }
  friend Int select(bool c, Int a, Int b) { return c ? a : b; }

  friend Int abs(Int a) { return a.v < 0 ? -a : a; }
  friend Int square(Int a) { return a * a; }
  friend Int sign(Int a) { return Int((a.v > 0) - (a.v < 0)); }
  friend Int floor(Int a) { return a; }
  friend Int ceil(Int a) { return a; }
  friend Int round(Int a) { return a; }
  friend Int trunc(Int a) { return a; }

  friend Int maximum(Int a, Int b) { return a.v > b.v ? a : b; }
  friend Int minimum(Int a, Int b) { return a.v < b.v ? a : b; }
  friend Int fmax(Int a, Int b) { return maximum(a, b); }
  friend Int fmin(Int a, Int b) { return minimum(a, b); }

  // Division by zero gives 0; any_zero() is for callers that must refuse it. Dividing by -1 is kept
  // apart because the quotient of the lowest number does not exist.
  friend Int fmod(Int a, Int b) {
    if (b.v == 0 || b.v == static_cast<T>(-1)) return b.v > 0 ? wrap(a.u() % b.u()) : Int(0);
    return Int(a.v % b.v);
  }
  friend Int remainder(Int a, Int b) {
    const Int r = fmod(a, b);
    return r.v != 0 && (r.v < 0) != (b.v < 0) ? r + b : r;
  }
  friend Int floor_divide(Int a, Int b) {
    if (b.v == 0) return Int(0);
    if (b.v < 0 && b.v == static_cast<T>(-1)) return -a;
    const Int q(a.v / b.v);
    return a.v % b.v != 0 && (a.v < 0) != (b.v < 0) ? q - Int(1) : q;
  }
  // A negative exponent truncates towards zero, so that only 1 and -1 leave something.
  friend Int pow(Int a, Int b) {
    if (b.v < 0) {
      if (a.v == 1) return a;
      if (a.v == static_cast<T>(-1)) return (b.v & 1) != 0 ? a : Int(1);
      return Int(0);
    }
    Int result(1);
    for (Unsigned n = b.u(); n != 0; n >>= 1) {
      if (n & 1) result = result * a;
      a = a * a;
    }
    return result;
  }
  friend Int left_shift(Int a, Int b) {
    return b.v < 0 || b.v >= kBits ? Int(0) : wrap(a.u() << b.u());
  }
  friend Int right_shift(Int a, Int b) {
    return Int(a.v >> (b.v < 0 || b.v >= kBits ? kBits - 1 : static_cast<int>(b.v)));
  }
  friend Int gcd(Int a, Int b) { return wrap(common(a.magnitude(), b.magnitude())); }
  friend Int lcm(Int a, Int b) {
    const Unsigned d = common(a.magnitude(), b.magnitude());
    return d == 0 ? Int(0) : abs(wrap(a.magnitude() / d * b.magnitude()));
  }

 private:
  constexpr Unsigned magnitude() const { return v < 0 ? 0 - u() : u(); }
  static Unsigned common(Unsigned a, Unsigned b) {
    while (b != 0) {
      const Unsigned r = a % b;
      a = b;
      b = r;
    }
    return a;
  }
};

}  // namespace
}  // namespace wengert::kernels::generic
