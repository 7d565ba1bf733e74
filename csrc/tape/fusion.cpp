#include "tape/fusion.h"

#include <algorithm>

#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Elements of a block, of at most 16 bytes each: a few blocks stay in the first-level cache.
constexpr int64_t kBlock = 1024;

const Value& value_of(const Program& p, int v) { return p.values[static_cast<size_t>(v)]; }

bool is_one_element(const Value& v) {
  for (int i = 0; i < v.shape.ndim; ++i) {
    if (v.shape.d[i] != 1 && v.strides.d[i] != 0) return false;
  }
  return true;
}

// The step as a part of a chain over `numel` elements; false if it is none.
bool fuse(const Program& p, const Step& s, int64_t numel, FusedStep& f) {
  const bool in_place = s.kind == StepKind::change && s.outputs.size() == 1;
  if ((s.kind != StepKind::op && !in_place) || s.draw.generator >= 0 || s.outputs.size() != 1 ||
      !s.op.cls().pointwise)
    return false;
  const Value& out = value_of(p, s.outputs[0]);
  if (out.numel() != numel || !out.contiguous()) return false;
  DType dtypes[Pointwise::kMaxInputs];
  for (const int v : s.inputs) {
    if (v < 0) continue;
    if (f.n_inputs == Pointwise::kMaxInputs) return false;
    const Value& in = value_of(p, v);
    FusedStep::Operand& o = f.in[f.n_inputs];
    o.value = v;
    o.item = static_cast<int64_t>(item_size(in.dtype));
    o.repeated = is_one_element(in) && numel != 1;
    if (!o.repeated && !(in.contiguous() && in.numel() == numel)) return false;
    dtypes[f.n_inputs++] = in.dtype;
  }
  if (f.n_inputs == 0 || !s.op.cls().pointwise(s.op.get(), dtypes, f.n_inputs, f.kernel))
    return false;
  if (f.kernel.out != out.dtype) return false;
  const bool a = f.in[0].repeated, b = f.n_inputs == 2 && f.in[1].repeated;
  if (f.kernel.any) {
    // It takes every layout.
  } else if (f.n_inputs > 2) {
    return false;
  } else if (f.n_inputs == 2) {
    f.two = a && b ? nullptr : a ? f.kernel.repeat_a : b ? f.kernel.repeat_b : f.kernel.two;
    if (!f.two) return false;
  } else if (a) {
    return false;
  }
  f.out.value = s.outputs[0];
  f.out.item = static_cast<int64_t>(item_size(out.dtype));
  return true;
}

// Elements at one place of two values may only meet at the same place.
bool fits(const Program& p, const std::vector<FusedStep>& chain, const FusedStep& f) {
  const auto meets = [&](const FusedStep::Operand& x, const FusedStep::Operand& y) {
    const Value &a = value_of(p, x.value), &b = value_of(p, y.value);
    return a.storage != b.storage ||
           (a.offset == b.offset && x.item == y.item && x.repeated == y.repeated);
  };
  for (const FusedStep& g : chain) {
    if (!meets(g.out, f.out)) return false;
    for (int i = 0; i < f.n_inputs; ++i) {
      if (!meets(g.out, f.in[i])) return false;
    }
    for (int i = 0; i < g.n_inputs; ++i) {
      if (!meets(g.in[i], f.out)) return false;
    }
  }
  for (int i = 0; i < f.n_inputs; ++i) {
    if (!meets(f.in[i], f.out)) return false;
  }
  return true;
}

}  // namespace

bool is_pointwise(const Program& p, const Step& s) {
  if (s.dead || s.outputs.size() != 1 || s.outputs[0] < 0) return false;
  FusedStep f;
  return fuse(p, s, value_of(p, s.outputs[0]).numel(), f);
}

std::vector<Chain> find_chains(const Program& p, const std::vector<bool>& visible,
                               std::vector<bool>& hidden) {
  std::vector<Chain> chains;
  for (size_t i = 0; i < p.steps.size();) {
    Chain chain{i, i, 0, 0, 0, {}};
    size_t end = i;
    for (; end < p.steps.size(); ++end) {
      const Step& s = p.steps[end];
      if (s.kind == StepKind::view || s.dead) continue;
      if (chain.steps.empty() && !s.outputs.empty() && s.outputs[0] >= 0)
        chain.numel = value_of(p, s.outputs[0]).numel();
      FusedStep f;
      if (chain.numel == 0 || !fuse(p, s, chain.numel, f) || !fits(p, chain.steps, f)) break;
      if (chain.steps.empty()) chain.first = end;
      chain.steps.push_back(f);
      chain.last = end;
    }
    if (chain.steps.size() < 2) {
      i = chain.steps.empty() ? end + 1 : chain.last + 1;
      continue;
    }
    chains.push_back(std::move(chain));
    i = chains.back().last + 1;
  }

  // A storage is hidden if every step that uses it is one of a chain's.
  std::vector<int> chain_of(p.storages.size(), -1);
  hidden.assign(p.storages.size(), false);
  for (size_t s = 0; s < p.storages.size(); ++s)
    hidden[s] = p.storages[s].kind == StorageKind::temporary && !visible[s];
  size_t next = 0;
  for (size_t i = 0; i < p.steps.size(); ++i) {
    while (next < chains.size() && chains[next].last < i) ++next;
    const bool inside = next < chains.size() && chains[next].first <= i;
    const auto use = [&](int v, bool view) {
      if (v < 0) return;
      const auto s = static_cast<size_t>(value_of(p, v).storage);
      if (!inside || view || (chain_of[s] >= 0 && chain_of[s] != static_cast<int>(next)))
        hidden[s] = false;
      chain_of[s] = static_cast<int>(next);
    };
    const Step& s = p.steps[i];
    if (s.dead) continue;
    for (const int v : s.inputs) use(v, s.kind == StepKind::view);
    for (const int v : s.outputs) use(v, s.kind == StepKind::view);
    for (const int v : s.changed()) use(v, false);
  }

  for (Chain& c : chains) {
    std::vector<size_t> last(p.storages.size(), 0);
    for (size_t k = 0; k < c.steps.size(); ++k) {
      FusedStep& f = c.steps[k];
      last[static_cast<size_t>(value_of(p, f.out.value).storage)] = k;
      for (int i = 0; i < f.n_inputs; ++i)
        last[static_cast<size_t>(value_of(p, f.in[i].value).storage)] = k;
    }
    std::vector<int> block(p.storages.size(), -1), free;
    for (size_t k = 0; k < c.steps.size(); ++k) {
      FusedStep& f = c.steps[k];
      const auto place = [&](FusedStep::Operand& o) {
        const auto s = static_cast<size_t>(value_of(p, o.value).storage);
        if (!hidden[s]) return;
        if (block[s] < 0) {
          if (free.empty()) free.push_back(c.blocks++);
          block[s] = free.back();
          free.pop_back();
        }
        c.item = std::max(c.item, o.item);
        o.block = block[s];
      };
      for (int i = 0; i < f.n_inputs; ++i) place(f.in[i]);
      place(f.out);
      const auto release = [&](const FusedStep::Operand& o) {
        const auto s = static_cast<size_t>(value_of(p, o.value).storage);
        if (block[s] < 0 || last[s] != k) return;
        free.push_back(block[s]);
        block[s] = -1;
      };
      for (int i = 0; i < f.n_inputs; ++i) release(f.in[i]);
      release(f.out);
    }
  }
  return chains;
}

void Chain::run(const std::vector<char*>& data) const {
  runtime::parallel_for((numel + kBlock - 1) / kBlock,
                        std::max<int64_t>(kParallelGrain / kBlock, 1),
                        [&](int64_t begin, int64_t end) {
                          const runtime::Scratch memory(blocks * kBlock * item);
                          for (int64_t b = begin; b < end; ++b) {
                            const int64_t at = b * kBlock, n = std::min(kBlock, numel - at);
                            size_t k = 0;
                            for (const FusedStep& f : steps) {
                              const auto pointer = [&](const FusedStep::Operand& o, char* base) {
                                return o.block >= 0 ? memory.data + o.block * kBlock * item
                                       : o.repeated ? base
                                                    : base + at * o.item;
                              };
                              const void* in[Pointwise::kMaxInputs] = {};
                              int64_t steps[Pointwise::kMaxInputs];
                              for (int i = 0; i < f.n_inputs; ++i) {
                                in[i] = pointer(f.in[i], data[k + static_cast<size_t>(i)]);
                                steps[i] = f.in[i].repeated ? 0 : 1;
                              }
                              const void *const a = in[0], *const c = in[1];
                              char* const y = pointer(f.out, data[k + Pointwise::kMaxInputs]);
                              k += Pointwise::kMaxInputs + 1;
                              if (f.kernel.any) {
                                f.kernel.any(n, y, in, steps, f.kernel.numbers);
                              } else if (f.n_inputs == 2) {
                                f.two(n, y, a, c);
                              } else if (!f.kernel.two) {
                                f.kernel.one(n, y, a);
                              } else if (!f.kernel.has_number) {
                                f.kernel.two(n, y, a, nullptr);
                              } else if (f.kernel.number_first) {
                                f.kernel.two(n, y, f.kernel.number, a);
                              } else {
                                f.kernel.two(n, y, a, f.kernel.number);
                              }
                            }
                          }
                        });
}

}  // namespace tape
WENGERT_NAMESPACE_END
