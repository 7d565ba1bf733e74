#include "tape/splice.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "tape/file.h"
#include "tape/order.h"
#include "tape/passes.h"
#include "tensor/check.h"
#include "tensor/impl.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

size_t at(int i) { return static_cast<size_t>(i); }

const Storage* root_of(const Tensor& t) { return tape::root_of(t.impl()->storage); }

Step copy_of(const Step& s) {
  Step c;
  c.kind = s.kind;
  c.op = s.op;
  c.inputs = s.inputs;
  c.outputs = s.outputs;
  c.draw = s.draw;
  if (s.rule) c.rule = std::make_unique<RuleInfo>(*s.rule);
  c.bytes = s.bytes;
  c.where = s.where;
  return c;
}

class Splicing {
 public:
  explicit Splicing(const Program& p) : p_(p), changed_(changed_storages(p)) {
    n_.values = p.values;
    n_.storages = p.storages;
    n_.inputs = p.inputs;
    n_.inputs_require_grad = p.inputs_require_grad;
    n_.outputs = p.outputs;
    n_.states = p.states;
    n_.gradients = p.gradients;
    n_.generators = p.generators;
    visible_ = visible_storages(p);
    visible_before_ = visible_;
    lying_.resize(p.storages.size());
    for (size_t v = 0; v < p.values.size(); ++v) {
      now_.push_back(static_cast<int>(v));
      lying_[at(p.values[v].storage)].push_back(static_cast<int>(v));
    }
    for (size_t k = 0; k < p.states.size(); ++k) states_.push_back(static_cast<int>(k));
    maker_.resize(p.storages.size(), nullptr);
    made_.resize(p.storages.size());
    users_.resize(p.storages.size());
    part_of_.resize(p.steps.size(), -1);
    for (size_t i = 0; i < p.steps.size(); ++i) {
      const Step& s = p.steps[i];
      if (s.dead || s.kind == StepKind::view) continue;
      for (const int v : s.inputs) {
        if (v >= 0) users_[at(p.values[at(v)].storage)].push_back(i);
      }
      for (const int v : s.changed()) {
        if (v >= 0) users_[at(p.values[at(v)].storage)].push_back(i);
      }
      if (s.kind != StepKind::op && s.kind != StepKind::rule) continue;
      for (const int v : s.outputs) {
        if (v < 0) continue;
        const size_t storage = at(p.values[at(v)].storage);
        if (!maker_[storage]) maker_[storage] = &s;
        made_[storage] += maker_[storage] == &s;  // later rules may show what is there
      }
    }
  }

  void keep(size_t i) {
    Step s = copy_of(p_.steps[i]);
    from_.push_back(static_cast<int>(i));
    move(s.inputs);
    if (s.rule) {
      for (RuleInfo::Edge& e : s.rule->edges) {
        if (e.into >= 0) e.into = now_[at(e.into)];
      }
    }
    if (s.kind == StepKind::change) {
      move(s.outputs);
    } else {
      for (int& v : s.outputs) {
        if (v >= 0) v = follow(p_.steps[i], v);
      }
    }
    n_.steps.push_back(std::move(s));
  }

  void replace(const std::vector<size_t>& steps, const Program& part) {
    std::vector<int> arguments;
    std::vector<bool> inner;       // by argument: whether one of the steps would have made it
    std::unordered_set<int> made;  // storages
    size_t n_results = 0;
    ++parts_;
    for (const size_t i : steps) {
      part_of_[i] = parts_;
      const Step& step = p_.steps[i];
      WG_CHECK(step.kind != StepKind::check, ValueError, "tape: a check cannot be replaced");
      std::vector<int> taken = step.inputs;
      if (step.kind == StepKind::rule) {
        for (const int v : step.changed()) taken.push_back(v);
      }
      for (const int v : taken) {
        if (v < 0) continue;
        arguments.push_back(now_[at(v)]);
        const int s = p_.values[at(v)].storage;
        inner.push_back(made.contains(s));
      }
      if (step.kind == StepKind::change) continue;
      n_results += step.outputs.size();
      if (step.kind == StepKind::view) continue;
      for (const int v : step.outputs) {
        if (v >= 0) made.insert(p_.values[at(v)].storage);
      }
    }
    const std::vector<int> values = bring(part, arguments);
    check_inner(part, inner);
    const bool in_place = steps.size() == 1 && p_.steps[steps[0]].kind == StepKind::change;
    WG_CHECK(in_place || part.outputs.size() == n_results, ValueError,
             "tape: expected a result for each of the ", n_results,
             " outputs of what is replaced, but got ", part.outputs.size());
    std::unordered_set<int> taken;  // storages that are results already
    size_t next = 0;
    for (const size_t i : steps) {
      const Step& step = p_.steps[i];
      if (step.kind == StepKind::change) continue;
      for (const int v : step.outputs) {
        const int made_by_part = part.outputs[next++];
        if (v < 0) continue;
        // What stays inside has no use outside, so it may be left out.
        if (made_by_part < 0 && steps.size() > 1 && !used_beside(v)) continue;
        WG_CHECK(made_by_part >= 0, ValueError, "tape: result ", next - 1, " is missing");
        const int r = values[at(made_by_part)];
        const bool first = taken.insert(storage(r)).second;
        result(step, v, r, first && storage(r) >= fresh_from_);
      }
    }
  }

  Program finish(std::vector<int>& kept, std::vector<int>& states) {
    move(n_.outputs);
    for (LeafGradient& g : n_.gradients) {
      if (g.end >= 0) g.end = now_[at(g.end)];
    }
    drop_steps();
    compact();
    kept.assign(p_.steps.size(), -1);
    for (size_t i = 0; i < from_.size(); ++i) {
      if (from_[i] >= 0) kept[at(from_[i])] = static_cast<int>(i);
    }
    states = std::move(states_);
    return std::move(n_);
  }

 private:
  // What the steps would have made is not there when their part runs.
  static void check_inner(const Program& part, const std::vector<bool>& inner) {
    std::vector<int> argument(part.storages.size(), -1);  // by storage: one that is not there
    for (size_t k = 0; k < inner.size(); ++k) {
      if (inner[k]) argument[at(part.values[at(part.inputs[k])].storage)] = static_cast<int>(k);
    }
    const auto check = [&](int v) {
      WG_CHECK(v < 0 || argument[at(part.values[at(v)].storage)] < 0, ValueError,
               "tape: what takes the place of steps reads argument ",
               argument[at(part.values[at(v)].storage)], ", which these would have made");
    };
    for (const Step& s : part.steps) {
      if (s.dead || s.kind == StepKind::view) continue;
      for (const int v : s.inputs) check(v);
      for (const int v : s.changed()) check(v);
    }
  }

  // Whether the memory of a value is looked at by anybody but the steps that are being replaced.
  bool used_beside(int v) const {
    const size_t s = at(p_.values[at(v)].storage);
    return visible_before_[s] || std::any_of(users_[s].begin(), users_[s].end(),
                                             [&](size_t i) { return part_of_[i] != parts_; });
  }

  int storage(int v) const { return n_.values[at(v)].storage; }
  void move(std::vector<int>& all) const {
    for (int& v : all) {
      if (v >= 0) v = now_[at(v)];
    }
  }
  int add(const Value& v) {
    const auto number = static_cast<int>(n_.values.size());
    n_.values.push_back(v);
    lying_.resize(n_.storages.size());
    lying_[at(v.storage)].push_back(number);
    return number;
  }

  // The output of a step that is kept: where it shows the memory of an input that is elsewhere now,
  // it is there too.
  int follow(const Step& step, int out) {
    const Value& o = p_.values[at(out)];
    for (const int in : step.inputs) {
      if (in < 0 || now_[at(in)] == in || p_.values[at(in)].storage != o.storage) continue;
      const Value& to = n_.values[at(now_[at(in)])];
      Value moved = o;
      moved.storage = to.storage;
      moved.offset += to.offset - p_.values[at(in)].offset;
      return now_[at(out)] = add(moved);
    }
    return out;
  }

  // The values of a part in the new program, to which its steps are added.
  std::vector<int> bring(const Program& part, const std::vector<int>& arguments) {
    WG_CHECK(part.inputs.size() == arguments.size(), ValueError, "tape: expected a program of ",
             arguments.size(), " arguments for the step, but got one of ", part.inputs.size());
    WG_CHECK(part.gradients.empty(), NotImplementedError,
             "tape: what takes the place of a step must not change the grad of leaves");
    const size_t before = n_.storages.size();
    std::vector<Place> places(part.storages.size());
    std::vector<int> values(part.values.size(), -1);
    for (size_t k = 0; k < arguments.size(); ++k) {
      const Value &a = part.values[at(part.inputs[k])], &b = n_.values[at(arguments[k])];
      WG_CHECK(same_array(a, b), ValueError, "tape: argument ", k,
               " of what takes the place of a step has another dtype, shape or strides than the "
               "step's");
      places[at(a.storage)] = {b.storage, b.offset - a.offset};
      values[at(part.inputs[k])] = arguments[k];
    }
    for (const State& s : part.states) bring_state(part, s, places, values);
    fresh_from_ = static_cast<int>(n_.storages.size());
    for (size_t s = 0; s < part.storages.size(); ++s) {
      if (part.storages[s].kind != StorageKind::temporary) continue;
      places[s].storage = static_cast<int>(n_.storages.size());
      n_.storages.push_back(part.storages[s]);
    }
    changed_.resize(n_.storages.size());
    visible_.resize(n_.storages.size());
    for (size_t v = 0; v < part.values.size(); ++v) {
      if (values[v] < 0) values[v] = add(placed(part.values[v], places));
    }
    bring_steps(part, values, before);
    return values;
  }

  struct Place {
    int storage = -1;
    int64_t shift = 0;
  };
  static Value placed(Value v, const std::vector<Place>& places) {
    const Place& place = places[at(v.storage)];
    v.storage = place.storage;
    v.offset += place.shift;
    return v;
  }

  // A state of a part is a part of the memory of one that is known, or a new one.
  void bring_state(const Program& part, const State& s, std::vector<Place>& places,
                   std::vector<int>& values) {
    Place& place = places[at(part.values[at(s.value)].storage)];
    for (const State& known : n_.states) {
      if (root_of(known.tensor) != root_of(s.tensor)) continue;
      place = {storage(known.value), s.tensor.impl()->data - known.tensor.impl()->data};
      return;
    }
    place.storage = static_cast<int>(n_.storages.size());
    n_.storages.push_back({StorageKind::state, static_cast<int>(n_.states.size())});
    const int v = values[at(s.value)] = add(placed(part.values[at(s.value)], places));
    n_.states.push_back({s.tensor, v, s.constant});
    states_.push_back(-1);
  }

  void bring_steps(const Program& part, const std::vector<int>& values, size_t before) {
    std::vector<Draw> draws;
    for (const GeneratorUse& use : part.generators) draws.push_back(bring_draws(use));
    const auto moved = [&](int v) { return v < 0 ? v : values[at(v)]; };
    for (const Step& s : part.steps) {
      if (s.dead) continue;
      WG_CHECK(s.kind != StepKind::check, NotImplementedError,
               "tape: what takes the place of a step has read a value, which is not known yet");
      Step c = copy_of(s);
      for (int& v : c.inputs) v = moved(v);
      for (int& v : c.outputs) v = moved(v);
      if (c.rule) {
        for (RuleInfo::Edge& e : c.rule->edges) e.into = moved(e.into);
      }
      if (c.draw.generator >= 0) {
        const Draw& first = draws[at(c.draw.generator)];
        c.draw.generator = first.generator;
        c.draw.offset += first.offset;
      }
      for (const int v : c.changed()) {
        WG_CHECK(v < 0 || at(storage(v)) >= before || changed_[at(storage(v))], NotImplementedError,
                 "tape: what takes the place of a step changes memory that the program leaves as "
                 "it is");
      }
      n_.steps.push_back(std::move(c));
      from_.push_back(-1);
    }
  }

  // Draws of a part come behind those of the program, which keeps its numbers.
  Draw bring_draws(const GeneratorUse& use) {
    auto known =
        std::find_if(n_.generators.begin(), n_.generators.end(),
                     [&](const GeneratorUse& g) { return g.generator.is_same(use.generator); });
    WG_CHECK(!use.seeded && (known == n_.generators.end() || !known->seeded), NotImplementedError,
             "tape: what takes the place of a step draws numbers in a program that seeds its "
             "generator, or seeds it itself");
    if (known == n_.generators.end()) {
      n_.generators.push_back({use.generator, false, {}});
      known = n_.generators.end() - 1;
    }
    const uint64_t first = known->end.offset;
    known->end.offset += use.end.offset;
    return {static_cast<int>(known - n_.generators.begin()), first, 0};
  }

  // From here on `old` is `made`. Memory that is not fresh belongs to others: nobody may change it.
  void result(const Step& step, int old, int made, bool fresh) {
    const Value o = p_.values[at(old)], r = n_.values[at(made)];
    WG_CHECK(same_array(o, r), ValueError, "tape: what takes the place of ", step.op.cls().name,
             " must give dtype ", o.dtype, ", shape ", Dims(o.shape), " and strides ",
             Dims(o.strides), ", but gives ", r.dtype, ", ", Dims(r.shape), " and ",
             Dims(r.strides));
    const Value& before = n_.values[at(now_[at(old)])];
    if (r.storage == before.storage && r.offset == before.offset) return;
    const bool own = p_.storages[at(o.storage)].kind == StorageKind::temporary &&
                     maker_[at(o.storage)] == &step && made_[at(o.storage)] == 1;
    const bool quiet = !changed_[at(o.storage)];
    WG_CHECK(fresh ? own || quiet : quiet && !changed_[at(r.storage)] && !visible_[at(o.storage)],
             NotImplementedError, "tape: what takes the place of ", step.op.cls().name,
             " lies in memory that is changed, or that is returned; clone() it");
    if (!own) {
      now_[at(old)] = made;
      return;
    }
    const Extent whole = extent_of(o);
    for (const int v : std::exchange(lying_[at(o.storage)], {})) {
      Value& moved = n_.values[at(v)];
      const Extent e = extent_of(moved);
      WG_CHECK(e.first == e.end || (e.first >= whole.first && e.end <= whole.end),
               NotImplementedError, "tape: the result of ", step.op.cls().name,
               " is a part of larger memory, and cannot be replaced");
      moved.storage = r.storage;
      moved.offset += r.offset - o.offset;
      lying_[at(r.storage)].push_back(v);
    }
    changed_[at(r.storage)] = changed_[at(r.storage)] || changed_[at(o.storage)];
    visible_[at(r.storage)] = visible_[at(r.storage)] || visible_[at(o.storage)];
  }

  static bool same_array(const Value& a, const Value& b) {
    return a.dtype == b.dtype && Dims(a.shape) == Dims(b.shape) &&
           Dims(a.strides) == Dims(b.strides);
  }

  // Calls f with each value that a step takes, or takes and changes.
  template <class F>
  static void each_input(const Step& s, F f) {
    for (const int v : s.inputs) {
      if (v >= 0) f(v);
    }
    if (!s.rule) return;
    for (const RuleInfo::Edge& e : s.rule->edges) {
      if (e.into >= 0) f(e.into);
    }
  }

  void drop_steps() {
    std::vector<bool> read = visible_storages(n_), used(n_.values.size(), false);
    for (const int v : n_.outputs) {
      if (v >= 0) used[at(v)] = true;
    }
    for (const LeafGradient& g : n_.gradients) {
      for (const int v : {g.leaf, g.begin, g.end}) {
        if (v >= 0) used[at(v)] = true;
      }
    }
    const auto seen = [&](int v) {
      return v >= 0 &&
             (n_.storages[at(storage(v))].kind != StorageKind::temporary || read[at(storage(v))]);
    };
    const auto used_now = [&](int v) { return v >= 0 && used[at(v)]; };
    std::vector<Step> steps;
    std::vector<int> from;
    for (size_t i = n_.steps.size(); i-- > 0;) {
      Step& s = n_.steps[i];
      const std::vector<int> changed = s.changed();
      const bool needed =
          s.kind == StepKind::check ||
          (s.kind == StepKind::view ? std::any_of(s.outputs.begin(), s.outputs.end(), used_now)
                                    : std::any_of(s.outputs.begin(), s.outputs.end(), seen) ||
                                          std::any_of(changed.begin(), changed.end(), seen));
      if (!needed) continue;
      each_input(s, [&](int v) {
        used[at(v)] = true;
        if (s.kind != StepKind::view) read[at(storage(v))] = true;
      });
      for (const int v : s.outputs) {
        if (v >= 0) used[at(v)] = true;
      }
      steps.push_back(std::move(s));
      from.push_back(from_[i]);
    }
    std::reverse(steps.begin(), steps.end());
    std::reverse(from.begin(), from.end());
    n_.steps = std::move(steps);
    from_ = std::move(from);
    for (const int v : n_.inputs) used[at(v)] = true;
    used_ = std::move(used);
  }

  // Leaves out states, storages and values that are not used.
  void compact() {
    std::vector<bool> held(n_.storages.size(), false);
    for (size_t v = 0; v < n_.values.size(); ++v) {
      if (used_[v]) held[at(n_.values[v].storage)] = true;
    }
    std::vector<State> states;
    std::vector<int> from;
    for (size_t k = 0; k < n_.states.size(); ++k) {
      const int s = storage(n_.states[k].value);
      if (!held[at(s)]) continue;
      used_[at(n_.states[k].value)] = true;
      n_.storages[at(s)].index = static_cast<int>(states.size());
      states.push_back(n_.states[k]);
      from.push_back(states_[k]);
    }
    n_.states = std::move(states);
    states_ = std::move(from);
    std::vector<int> storages(n_.storages.size(), -1), values(n_.values.size(), -1);
    std::vector<StorageInfo> new_storages;
    std::vector<Value> new_values;
    for (size_t s = 0; s < held.size(); ++s) {
      if (!held[s]) continue;
      storages[s] = static_cast<int>(new_storages.size());
      new_storages.push_back(n_.storages[s]);
    }
    // One number for each array, as in a recorded program: what has taken the place of a value is
    // it.
    std::map<std::pair<int, int64_t>, std::vector<int>> known;  // by storage and offset
    for (size_t v = 0; v < n_.values.size(); ++v) {
      if (!used_[v]) continue;
      Value value = n_.values[v];
      value.storage = storages[at(value.storage)];
      std::vector<int>& there = known[{value.storage, value.offset}];
      const auto same = std::find_if(there.begin(), there.end(),
                                     [&](int k) { return same_array(new_values[at(k)], value); });
      if (same != there.end()) {
        values[v] = *same;
        continue;
      }
      values[v] = static_cast<int>(new_values.size());
      there.push_back(values[v]);
      new_values.push_back(std::move(value));
    }
    n_.storages = std::move(new_storages);
    n_.values = std::move(new_values);
    const auto rename = [&](int& v) { v = v < 0 ? v : values[at(v)]; };
    for (Step& s : n_.steps) {
      for (int& v : s.inputs) rename(v);
      for (int& v : s.outputs) rename(v);
      if (!s.rule) continue;
      for (RuleInfo::Edge& e : s.rule->edges) rename(e.into);
    }
    for (int& v : n_.inputs) rename(v);
    for (int& v : n_.outputs) rename(v);
    for (State& s : n_.states) rename(s.value);
    for (LeafGradient& g : n_.gradients) rename(g.leaf), rename(g.begin), rename(g.end);
  }

  const Program& p_;
  Program n_;
  std::vector<bool> changed_, visible_;     // by storage of n_
  std::vector<bool> used_;                  // by value of n_
  std::vector<std::vector<int>> lying_;     // by storage of n_: the values that lie there
  std::vector<bool> visible_before_;        // by storage of p_
  std::vector<std::vector<size_t>> users_;  // by storage of p_: steps that read or change it
  std::vector<int> part_of_;                // by step of p_: the number of what has replaced it
  int parts_ = -1;                          // the number of the last
  std::vector<const Step*> maker_;          // by storage of p_: the step that makes it
  std::vector<int> made_;                   // by storage of p_: how many of its outputs lie there
  std::vector<int> now_;     // by value of p_: the value of n_ that it is from here on
  std::vector<int> from_;    // by step of n_: that of p_, or -1
  std::vector<int> states_;  // by state of n_: that of p_, or -1
  int fresh_from_ = 0;       // storages from here on are made by the part
};

}  // namespace

std::vector<bool> changed_storages(const Program& p) {
  std::vector<bool> changed(p.storages.size(), false);
  for (const Step& s : p.steps) {
    if (s.dead) continue;
    for (const int v : s.changed()) {
      if (v >= 0) changed[at(p.values[at(v)].storage)] = true;
    }
  }
  return changed;
}

Program splice(const Program& p, const std::vector<Part>& parts, std::vector<int>& kept,
               std::vector<int>& states) {
  std::vector<const Part*> by_step(p.steps.size(), nullptr);
  std::vector<std::vector<size_t>> groups;
  for (const Part& part : parts) {
    for (const size_t i : part.steps) {
      WG_CHECK(i < p.steps.size() && !by_step[i], ValueError, "tape: there is no step ", i,
               ", or it is replaced twice");
      WG_CHECK(part.steps.size() == 1 || !p.steps[i].dead, ValueError, "tape: step ", i,
               " is not done, so it cannot be replaced together with others");
      by_step[i] = &part;
    }
    if (part.steps.size() > 1) groups.push_back(part.steps);
  }
  Splicing splicing(p);
  std::vector<size_t> order(p.steps.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (!groups.empty()) order = order_with(p, groups);
  for (const size_t i : order) {
    const Part* part = by_step[i];
    if (p.steps[i].dead) continue;
    if (!part) {
      splicing.keep(i);
    } else if (part->steps[0] == i) {
      splicing.replace(part->steps, *part->program);
    }
  }
  return splicing.finish(kept, states);
}

}  // namespace tape
WENGERT_NAMESPACE_END
