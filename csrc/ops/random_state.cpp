#include <cstring>

#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/random.h"

WENGERT_NAMESPACE_BEGIN

Tensor get_rng_state(const Generator& generator) {
  const Generator::State s = generator.state();
  const uint64_t words[2] = {s.seed, s.offset};
  return from_data(words, {16}, DType::uint8);
}

void set_rng_state(const Tensor& state, Generator generator) {
  WG_CHECK(state.defined() && state.dtype() == DType::uint8, TypeError,
           "set_state: expected the bytes that get_state gave, a tensor of dtype uint8");
  WG_CHECK(state.numel() == 16, Error,
           "set_state: expected the 16 bytes that get_state gave, but got ", state.numel());
  uint64_t words[2];
  std::memcpy(words, state.contiguous().data(), sizeof words);
  generator.set_state({words[0], words[1]});
}

WENGERT_NAMESPACE_END
