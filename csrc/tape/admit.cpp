#include "tape/admit_call.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Optimizers look at all that they are given themselves.
const Rule rules[] = {
    {"sgd_step", 1, kMany, 0, 0, none},      {"adam_step", 1, kMany, 0, 0, none},
    {"rmsprop_step", 1, kMany, 0, 0, none},  {"adagrad_step", 1, kMany, 0, 0, none},
    {"adadelta_step", 1, kMany, 0, 0, none}, {"adamax_step", 1, kMany, 0, 0, none},
    {"nadam_step", 1, kMany, 0, 0, none},    {"radam_step", 1, kMany, 0, 0, none},
    {"rprop_step", 1, kMany, 0, 0, none},    {"asgd_step", 1, kMany, 0, 0, none},
    {"grad_norm", 1, kMany, 0, 1, none},     {"scale_", 1, kMany, 0, 0, none},
};

}  // namespace

WG_ADMIT(optimizer)

#define WG_FAMILIES(F) \
  F(elementwise)       \
  F(index)             \
  F(layer)             \
  F(linalg)            \
  F(optimizer)         \
  F(random)            \
  F(reduction)         \
  F(view)              \
  F(window)
#define WG_DECLARE(family) extern const RuleTable family##_rules;
WG_FAMILIES(WG_DECLARE)

namespace {

const Rule* find_rule(const std::string& key) {
  static const auto* const all = [] {
    auto* map = new std::map<std::string, const Rule*>;
#define WG_TABLE(family) &family##_rules,
    for (const RuleTable* t : {WG_FAMILIES(WG_TABLE)}) {
      for (size_t i = 0; i < t->size; ++i) map->emplace(t->rules[i].key, t->rules + i);
    }
    return map;
  }();
  const auto it = all->find(key);
  return it == all->end() ? nullptr : it->second;
}

}  // namespace

void admit(const std::string& key, const OpValue& op, const Infer& m) {
  const Rule* r = find_rule(key);
  WG_CHECK(r, ValueError, "the operation cannot stand in files");
  WG_CHECK(m.n_inputs >= r->least && m.n_inputs <= r->most, ValueError, "expected ", r->least,
           " inputs, but got ", m.n_inputs);
  WG_CHECK(r->outputs < 0 || m.n_outputs == r->outputs, ValueError, "expected ", r->outputs,
           " results, but got ", m.n_outputs);
  for (int i = 0; i < m.n_inputs; ++i) {
    WG_CHECK(m.inputs[i] || (i < 32 && r->optional >> i & 1), ValueError, "input ", i,
             " is missing");
  }
  r->check(Call(key, op, m));
}

}  // namespace tape
WENGERT_NAMESPACE_END
