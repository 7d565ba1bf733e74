// Whether a thread's arithmetic takes and gives zero for denormal numbers, which cost a processor a
// hundred times what others do.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace wengert::runtime {

#if defined(__x86_64__)
inline constexpr uint64_t kFlushDenormals = (1u << 15) | (1u << 6);  // results, operands
inline uint64_t float_mode() { return _mm_getcsr(); }
inline void set_float_mode(uint64_t mode) { _mm_setcsr(static_cast<unsigned>(mode)); }
#elif defined(__aarch64__)
inline constexpr uint64_t kFlushDenormals = 1u << 24;
inline uint64_t float_mode() {
  uint64_t mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
inline void set_float_mode(uint64_t mode) { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
inline constexpr uint64_t kFlushDenormals = 0;  // there is no such mode
inline uint64_t float_mode() { return 0; }
inline void set_float_mode(uint64_t) {}
#endif

// What of kFlushDenormals this thread has set.
inline uint64_t flushed_denormals() { return float_mode() & kFlushDenormals; }

// While it lives, these bits of kFlushDenormals are set on this thread, and no others.
class FlushDenormals {
 public:
  explicit FlushDenormals(uint64_t bits = kFlushDenormals) : saved_(float_mode()) {
    const uint64_t wanted = (saved_ & ~kFlushDenormals) | bits;
    changed_ = wanted != saved_;
    if (changed_) set_float_mode(wanted);
  }
  // Only what was changed goes back: what the arithmetic has raised since stays raised.
  ~FlushDenormals() {
    if (changed_) {
      set_float_mode((float_mode() & ~kFlushDenormals) | (saved_ & kFlushDenormals));
    }
  }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  uint64_t saved_;
  bool changed_;
};

}  // namespace wengert::runtime
