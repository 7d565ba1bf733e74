#include "wengert/random.h"

#include <array>
#include <mutex>

#include "runtime/platform.h"

WENGERT_NAMESPACE_BEGIN

struct Generator::Impl {
  State state;
  uint64_t initial_seed;
};

namespace {

// Generators share a few locks, so that a fork can hold them all: a child must not find one that
// another thread of its parent had taken.
using Locks = std::array<std::mutex, 16>;

Locks& locks() {
  static Locks* const all = [] {
    Locks* fresh = new Locks;
    runtime::platform::on_fork(
        [] {
          for (std::mutex& m : locks()) m.lock();
        },
        [] {
          for (std::mutex& m : locks()) m.unlock();
        },
        [] {
          for (std::mutex& m : locks()) m.unlock();
        });
    return fresh;
  }();
  return *all;
}

std::mutex& lock_of(const void* impl) {
  return locks()[(reinterpret_cast<uintptr_t>(impl) / 64) % 16];
}

}  // namespace

Generator::Generator(uint64_t seed) : impl_(new Impl{{seed, 0}, seed}) {}

void Generator::manual_seed(uint64_t seed) {
  std::lock_guard guard(lock_of(impl_.get()));
  *impl_ = {{seed, 0}, seed};
}

uint64_t Generator::seed() {
  const uint64_t fresh = runtime::platform::random_seed();
  manual_seed(fresh);
  return fresh;
}

uint64_t Generator::initial_seed() const {
  std::lock_guard guard(lock_of(impl_.get()));
  return impl_->initial_seed;
}

Generator::State Generator::state() const {
  std::lock_guard guard(lock_of(impl_.get()));
  return impl_->state;
}

void Generator::set_state(State s) {
  std::lock_guard guard(lock_of(impl_.get()));
  *impl_ = {s, s.seed};
}

Generator::State Generator::advance(uint64_t blocks) {
  std::lock_guard guard(lock_of(impl_.get()));
  const State before = impl_->state;
  impl_->state.offset += blocks;
  return before;
}

Generator& default_generator() {
  static Generator* const generator = new Generator;
  return *generator;
}

void manual_seed(uint64_t seed) { default_generator().manual_seed(seed); }

WENGERT_NAMESPACE_END
