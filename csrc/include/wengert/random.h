// Pseudo-random numbers: counter-based, so that any element can be computed alone and the result
// does not depend on the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// Copies share their state. Thread-safe.
class WENGERT_API Generator {
 public:
  explicit Generator(uint64_t seed = 67280421310721ull);
  void manual_seed(uint64_t seed);
  uint64_t seed();  // reseeds from the operating system and returns the new seed
  uint64_t initial_seed() const;

  struct State {
    uint64_t seed;
    uint64_t offset;  // 128-bit blocks used so far
  };
  State state() const;
  void set_state(State s);
  // Reserves `blocks` counter values and returns the state before them.
  State advance(uint64_t blocks);
  // Whether both draw from one state.
  bool is_same(const Generator& o) const { return impl_ == o.impl_; }

 private:
  void replace(State s, bool seeded);

  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// The generator used where none is given.
WENGERT_API Generator& default_generator();
WENGERT_API void manual_seed(uint64_t seed);

// While it lives, random numbers are drawn as ever; then the generator is where it was before.
class WENGERT_API ForkRng {
 public:
  explicit ForkRng(Generator generator = default_generator())
      : generator_(std::move(generator)), before_(generator_.state()) {}
  ~ForkRng() { generator_.set_state(before_); }
  ForkRng(const ForkRng&) = delete;
  ForkRng& operator=(const ForkRng&) = delete;

 private:
  Generator generator_;
  Generator::State before_;
};

WENGERT_NAMESPACE_END
