#include <algorithm>
#include <optional>

#include "ops/operations.h"
#include "tape/admit.h"
#include "tape/file.h"
#include "tensor/check.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

Extent extent_of(const Value& v) {
  const auto item = static_cast<int64_t>(item_size(v.dtype));
  const auto large = [&] {
    fail<ValueError>("load: an array of shape ", Dims(v.shape), ", strides ", Dims(v.strides),
                     " and offset ", v.offset, " is too large");
  };
  int64_t elements = 1, low = 0, high = 0;
  bool empty = false;
  for (int i = 0; i < v.shape.ndim; ++i) {
    const int64_t n = v.shape.d[i], stride = v.strides.d[i];
    WG_CHECK(n >= 0 && n <= kLargest, ValueError, "load: ", n, " is no size of a dimension");
    empty |= n == 0;
    int64_t reach = 0;
    if (__builtin_mul_overflow(elements, std::max<int64_t>(n, 1), &elements) ||
        elements > kLargest / item || stride < -kLargest || stride > kLargest ||
        __builtin_mul_overflow(std::max<int64_t>(n - 1, 0), stride, &reach) || reach > kLargest ||
        reach < -kLargest)
      large();
    (reach < 0 ? low : high) += reach;
  }
  if (v.offset < -kLargest || v.offset > kLargest) large();
  if (empty) return {v.offset, v.offset};
  Extent e;
  if (__builtin_mul_overflow(low, item, &e.first) || __builtin_mul_overflow(high + 1, item, &e.end))
    large();
  e.first += v.offset;
  e.end += v.offset;
  if (e.first < -kLargest || e.end > kLargest) large();
  return e;
}

namespace {

size_t at(int i) { return static_cast<size_t>(i); }

// A header without memory, of which `infer` may look at everything but the elements.
class Header {
 public:
  Header(DType dtype, const Shape& shape, const int64_t* strides, Storage* storage, char* data)
      : impl_(new_impl(dtype, shape.ndim)) {
    std::copy_n(shape.d, shape.ndim, impl_->shape());
    std::copy_n(strides, shape.ndim, impl_->strides());
    impl_->numel = 1;
    for (const int64_t n : Dims(shape)) impl_->numel *= n;
    impl_->storage = storage;
    impl_->data = data;
    update_contiguous(*impl_);
  }
  ~Header() { free_impl(impl_); }
  Header(const Header&) = delete;
  Header& operator=(const Header&) = delete;
  TensorImpl* get() const { return impl_; }

 private:
  TensorImpl* impl_;
};

class Verifier {
 public:
  explicit Verifier(Program& p) : p_(p) {}

  void run() {
    values();
    roots();
    gradients();
    sizes();
    for (step_ = 0; step_ < p_.steps.size(); ++step_) step(p_.steps[step_]);
    step_ = SIZE_MAX;
    for (const int v : p_.outputs) {
      if (v >= 0) used(v, "results");
      if (v < -1) value(v);
    }
    for (const LeafGradient& g : p_.gradients) {
      if (g.end >= 0) used(g.end, "gradients");
    }
  }

 private:
  template <class... A>
  void need(bool good, const A&... what) const {
    if (good) [[likely]]
      return;
    if (step_ == SIZE_MAX) fail<ValueError>("load: ", what...);
    const Step& s = p_.steps[step_];
    fail<ValueError>("load: step ", step_, " (", s.op.valid() ? key_of(s.op.cls()) : "check",
                     "): ", what...);
  }
  const Value& value(int v) const {
    need(v >= 0 && at(v) < p_.values.size(), "there is no value ", v);
    return p_.values[at(v)];
  }
  const StorageInfo& info(int v) const { return p_.storages[at(value(v).storage)]; }

  // Every value lies in a storage that there is.
  void values() {
    for (const Value& v : p_.values) {
      need(v.storage >= 0 && at(v.storage) < p_.storages.size(), "there is no storage ", v.storage);
    }
    made_.resize(p_.storages.size());
    spans_.resize(p_.storages.size());
  }

  bool is_root(int v, StorageKind kind, size_t index) const {
    const Value& x = value(v);
    const StorageInfo& s = p_.storages[at(x.storage)];
    return s.kind == kind && s.index == static_cast<int>(index) && x.offset == 0;
  }
  void add_root(int v) {
    made_[at(value(v).storage)] = true;
    spans_[at(value(v).storage)].push_back(extent_of(value(v)));
  }

  // Arguments, states and grads stand at the beginning of storages of their own, except for
  // arguments that share the memory of an earlier one.
  void roots() {
    need(p_.inputs.size() == p_.inputs_require_grad.size(), "arguments are incomplete");
    std::vector<int> owners(p_.storages.size(), 0);
    for (size_t i = 0; i < p_.inputs.size(); ++i) {
      const int v = p_.inputs[i];
      const StorageInfo& s = info(v);
      need(s.kind == StorageKind::input && s.index >= 0 && s.index <= static_cast<int>(i),
           "argument ", i, " stands in no storage of arguments");
      need(s.index < static_cast<int>(i) || value(v).offset == 0, "argument ", i,
           " does not begin where its storage does");
      need(s.index == static_cast<int>(i) ||
               value(p_.inputs[at(s.index)]).storage == value(v).storage,
           "argument ", i, " stands in the storage of no argument");
      if (s.index == static_cast<int>(i)) ++owners[at(value(v).storage)];
      add_root(v);
    }
    for (size_t i = 0; i < p_.states.size(); ++i) {
      const int v = p_.states[i].value;
      need(is_root(v, StorageKind::state, i), "state ", i, " has no storage of its own");
      ++owners[at(value(v).storage)];
      add_root(v);
      // It may be a part of the memory that is there.
      const TensorImpl& t = *p_.states[i].tensor.impl();
      const int64_t before = t.data - t.storage->data;
      spans_[at(value(v).storage)] = {{-before, static_cast<int64_t>(t.storage->nbytes) - before}};
    }
    for (size_t i = 0; i < p_.gradients.size(); ++i) {
      const int v = p_.gradients[i].begin;
      if (v < 0 || info(v).kind != StorageKind::gradient) continue;
      need(is_root(v, StorageKind::gradient, i), "gradient ", i, " has no storage of its own");
      ++owners[at(value(v).storage)];
      add_root(v);
    }
    for (size_t s = 0; s < p_.storages.size(); ++s) {
      need(owners[s] == (p_.storages[s].kind == StorageKind::temporary ? 0 : 1), "storage ", s,
           " belongs to nothing, or to several things");
    }
    // Other headers of what is there before.
    for (size_t v = 0; v < p_.values.size(); ++v) {
      const Value& x = p_.values[v];
      if (p_.storages[at(x.storage)].kind == StorageKind::temporary) continue;
      const Extent e = extent_of(x);
      const auto& spans = spans_[at(x.storage)];
      need(e.first == e.end ||
               std::any_of(spans.begin(), spans.end(),
                           [&](const Extent& s) { return e.first >= s.first && e.end <= s.end; }),
           "value ", v, " reaches outside of the memory it lies in");
      need(x.offset % static_cast<int64_t>(item_size(x.dtype)) == 0, "value ", v,
           " stands at a place that is no multiple of its elements' size");
    }
  }

  void gradients() {
    for (size_t i = 0; i < p_.gradients.size(); ++i) {
      const LeafGradient& g = p_.gradients[i];
      const StorageInfo& s = info(g.leaf);
      const bool state = s.kind == StorageKind::state;
      need((state && p_.states[at(s.index)].value == g.leaf) ||
               (s.kind == StorageKind::input && p_.inputs[at(s.index)] == g.leaf),
           "gradient ", i, " is that of no argument or state");
      for (size_t k = 0; k < i; ++k)
        need(p_.gradients[k].leaf != g.leaf, "gradients ", k, " and ", i, " have one leaf");
      const Value& leaf = value(g.leaf);
      for (const int v : {g.begin, g.end}) {
        if (v == -1) continue;
        need(value(v).dtype == leaf.dtype && Dims(value(v).shape) == Dims(leaf.shape), "gradient ",
             i, " has another dtype or shape than its leaf");
      }
      need(g.begin < 0 || (g.defined && !g.replaced), "gradient ", i,
           " is said to be there and not to be there");
      need(g.replaced || g.defined == (g.begin >= 0), "gradient ", i, " has no value");
      if (g.begin >= 0) {
        const StorageKind kind = info(g.begin).kind;
        need(kind == StorageKind::gradient || (kind == StorageKind::state && state), "gradient ", i,
             " stands in no storage of gradients");
      }
    }
  }

  // How much memory the program's own storages take: what their steps make.
  void sizes() {
    std::vector<Extent> made(p_.storages.size());
    std::vector<bool> any(p_.storages.size(), false);
    for (const Step& s : p_.steps) {
      if (s.kind != StepKind::op && s.kind != StepKind::rule) continue;
      for (const int v : s.outputs) {
        if (v < 0) continue;
        const Extent e = extent_of(value(v));
        const auto k = at(value(v).storage);
        if (p_.storages[k].kind != StorageKind::temporary) continue;
        made[k] =
            any[k] ? Extent{std::min(made[k].first, e.first), std::max(made[k].end, e.end)} : e;
        any[k] = true;
      }
    }
    for (size_t v = 0; v < p_.values.size(); ++v) {
      const Value& x = p_.values[v];
      if (p_.storages[at(x.storage)].kind != StorageKind::temporary) continue;
      if (!any[at(x.storage)]) continue;  // of a step that was left out
      const Extent e = extent_of(x), m = made[at(x.storage)];
      need(e.first == e.end || (e.first >= m.first && e.end <= m.end), "value ", v,
           " reaches outside of the memory it lies in");
      need(x.offset % static_cast<int64_t>(item_size(x.dtype)) == 0, "value ", v,
           " stands at a place that is no multiple of its elements' size");
    }
    int64_t total = 0;
    for (size_t s = 0; s < p_.storages.size(); ++s) {
      if (p_.storages[s].kind != StorageKind::temporary) continue;
      need(made[s].first >= 0, "storage ", s, " begins in front of its memory");
      p_.storages[s].bytes = made[s].end;
      spans_[s] = {made[s]};
      total += made[s].end;
      need(total <= kLargest, "the program's values are too large");
    }
  }

  void used(int v, const char* where) const {
    need(made_[at(value(v).storage)], where, ": value ", v, " is used before it is made");
  }

  // The memory of a storage as `infer` sees it; never looked into.
  Storage& memory(int storage) {
    Storage& s = memory_;
    const auto& spans = spans_[at(storage)];
    Extent e = spans.empty() ? Extent{} : spans[0];
    for (const Extent& o : spans) e = {std::min(e.first, o.first), std::max(e.end, o.end)};
    s.data = base() + e.first;
    s.nbytes = static_cast<size_t>(e.end - e.first);
    return s;
  }
  static char* base() { return reinterpret_cast<char*>(uintptr_t{1} << 47); }

  std::unique_ptr<Header> header(int v) {
    const Value& x = value(v);
    return std::make_unique<Header>(x.dtype, x.shape, x.strides.d, &memory(x.storage),
                                    base() + x.offset);
  }

  static bool same(const Value& v, const Meta& m) {
    if (v.dtype != m.dtype || !(Dims(v.shape) == Dims(m.shape))) return false;
    if (m.strided) return Dims(v.strides) == Dims(m.strides, static_cast<size_t>(m.shape.ndim));
    return v.contiguous();
  }

  // What the operation says of its results.
  std::vector<Meta> inferred(const Step& s, const std::vector<TensorImpl*>& inputs, int n_outputs) {
    std::vector<Meta> metas(static_cast<size_t>(n_outputs));
    Infer infer{inputs.data(), static_cast<int>(inputs.size()), metas.data(), n_outputs};
    try {
      admit(key_of(s.op.cls()), s.op, infer);
      s.op.cls().infer(s.op.get(), infer);
    } catch (const Error& e) {
      need(false, e.what());
    }
    return metas;
  }

  void step(const Step& s) {
    if (s.kind == StepKind::check) {
      need(s.inputs.size() == 1 && s.outputs.empty(), "expected one value to check");
      used(s.inputs[0], "inputs");
      const Value& v = value(s.inputs[0]);
      need(static_cast<int64_t>(s.bytes.size()) ==
               v.numel() * static_cast<int64_t>(item_size(v.dtype)),
           "the bytes are not as many as the value has");
      return;
    }
    need(s.draw.generator >= -1 && s.draw.generator < static_cast<int>(p_.generators.size()),
         "there is no generator ", s.draw.generator);
    if (s.draw.generator >= 0) {
      OpValue copy = s.op;
      const RandomFields fields = random_fields(copy.cls(), copy.get());
      need(fields.seed && fields.offset, "it draws no numbers");
    }
    for (const int v : s.inputs) {
      if (v >= 0) used(v, "inputs");
      need(v >= -1, "there is no value ", v);
    }
    if (s.kind == StepKind::rule) return rule(s);
    std::vector<std::unique_ptr<Header>> headers;
    std::vector<TensorImpl*> inputs;
    for (const int v : s.inputs) {
      headers.push_back(v < 0 ? nullptr : header(v));
      inputs.push_back(v < 0 ? nullptr : headers.back()->get());
    }
    const int n = static_cast<int>(s.outputs.size());
    const std::vector<Meta> metas = inferred(s, inputs, n);
    need(s.op.cls().view == (s.kind == StepKind::view), "it is no step of this kind");
    if (s.kind == StepKind::change) {
      need(n == 0 ||
               (n == 1 && !s.inputs.empty() && s.outputs[0] == s.inputs[0] && s.inputs[0] >= 0),
           "a change must give its first input");
      if (n == 0) return;
      const Value& self = value(s.inputs[0]);
      need(Dims(metas[0].shape) == Dims(self.shape) &&
               kind_of(metas[0].dtype) <= kind_of(self.dtype),
           "the result does not fit into what is changed");
      return;
    }
    need(n > 0, "it has no results");
    for (int k = 0; k < n; ++k) {
      const int v = s.outputs[at(k)];
      const Value& out = value(v);
      const Meta& m = metas[at(k)];
      need(same(out, m), "result ", k, " has dtype ", m.dtype, " and shape ", Dims(m.shape),
           ", but value ", v, " has dtype ", out.dtype, ", shape ", Dims(out.shape),
           " and strides ", Dims(out.strides));
      if (s.kind == StepKind::view) {
        const Value& in = value(s.inputs[0]);
        need(out.storage == in.storage &&
                 out.offset == in.offset + m.offset * static_cast<int64_t>(item_size(in.dtype)),
             "result ", k, " is no view of the input");
      } else {
        fresh(v, false);
        need(out.offset == 0, "result ", k, " does not begin where its memory does");
      }
    }
  }

  // Memory that this step makes.
  void fresh(int v, bool from_rule) {
    const int s = value(v).storage;
    need(info(v).kind == StorageKind::temporary && info(v).from_rule == from_rule && !made_[at(s)],
         "value ", v, " is made in memory that is there already");
    made_[at(s)] = true;
  }

  void rule(const Step& s) {
    const RuleInfo& r = *s.rule;
    const OpClass& cls = s.op.cls();
    need(cls.vjp && !cls.composed, "it has no rule");
    need(r.gradients > 0 && s.inputs.size() == at(r.gradients) + r.saved.size(), "expected ",
         r.gradients, " gradients and ", r.saved.size(), " saved values, but got ", s.inputs.size(),
         " inputs");
    need(r.edges.size() == s.outputs.size(), "expected a result for each input of the operation");
    need(
        std::any_of(s.inputs.begin(), s.inputs.begin() + r.gradients, [](int v) { return v >= 0; }),
        "no gradient is given");
    // The operation's inputs: those that were saved as they are, others in row-major order.
    std::vector<std::unique_ptr<Header>> headers;
    std::vector<TensorImpl*> inputs;
    for (size_t i = 0; i < r.edges.size(); ++i) {
      const RuleInfo::Edge& e = r.edges[i];
      need(e.present || !e.needed, "the gradient of an input that is not there");
      if (!e.present) {
        inputs.push_back(nullptr);
        continue;
      }
      Value like;
      like.dtype = e.dtype;
      like.shape = like.strides = e.shape;
      for (const int64_t n : Dims(e.shape)) need(n >= 0, n, " is no size of a dimension");
      row_major_strides(e.shape.d, e.shape.ndim, like.strides.d);
      extent_of(like);
      for (size_t k = 0; k < r.saved.size(); ++k) {
        const int v = s.inputs[at(r.gradients) + k];
        if (v < 0 || r.saved[k].is_output || r.saved[k].output_nr != i) continue;
        need(value(v).dtype == e.dtype && Dims(value(v).shape) == Dims(e.shape), "saved value ", k,
             " has another dtype or shape than the input that it is");
        like.strides = value(v).strides;
      }
      memory_.data = base() - kLargest;
      memory_.nbytes = static_cast<size_t>(2 * kLargest);
      headers.push_back(
          std::make_unique<Header>(e.dtype, e.shape, like.strides.d, &memory_, base()));
      inputs.push_back(headers.back()->get());
    }
    const std::vector<Meta> metas = inferred(s, inputs, r.gradients);
    for (int k = 0; k < r.gradients; ++k) {
      const int v = s.inputs[at(k)];
      if (v < 0) continue;
      need(value(v).dtype == metas[at(k)].dtype &&
               Dims(value(v).shape) == Dims(metas[at(k)].shape) &&
               is_differentiable(value(v).dtype),
           "gradient ", k, " has another dtype or shape than the result");
    }
    uint32_t needed = 0;
    for (size_t i = 0; i < r.edges.size() && i < 32; ++i) {
      if (r.edges[i].needed) needed |= 1u << i;
    }
    bool beyond = false;
    for (size_t i = 32; i < r.edges.size(); ++i) beyond |= r.edges[i].needed;
    for (size_t k = 0; k < r.saved.size(); ++k) {
      const int v = s.inputs[at(r.gradients) + k];
      const Save& save = cls.saves[k];
      const bool there =
          save.output || (save.index < r.edges.size() && r.edges[save.index].present);
      need(!save.output || save.index < r.gradients, "saved value ", k, " is no result");
      if (v < 0) {
        need(!there || !(beyond || (save.needed_by & needed)), "saved value ", k, " is missing");
        continue;
      }
      need(there, "saved value ", k, " is that of an input that is not there");
      if (save.output) {
        const Meta& m = metas[save.index];
        need(same(value(v), m), "saved value ", k, " has another dtype or layout than result ",
             int{save.index});
      }
    }
    const size_t n = r.edges.size();
    for (size_t i = 0; i < n; ++i) {
      const RuleInfo::Edge& e = r.edges[i];
      need(e.into >= -1 && (e.into < 0 || e.needed), "input ", i, " gets no gradient");
      if (e.into >= 0) {
        used(e.into, "edges");
        const Value& into = value(e.into);
        need(into.dtype == e.dtype && Dims(into.shape) == Dims(e.shape) && into.contiguous(),
             "the gradient of input ", i, " is added to a value of another dtype or layout");
      }
      const int v = s.outputs[i];
      if (v < 0) {
        need(v == -1, "there is no value ", v);
        continue;
      }
      need(e.needed && e.into < 0, "nobody makes the gradient of input ", i);
      need(value(v).dtype == e.dtype && Dims(value(v).shape) == Dims(e.shape),
           "the gradient of input ", i, " has another dtype or shape than the input");
    }
    std::vector<int> new_storages;
    for (const int v : s.outputs) {
      if (v < 0) continue;
      const int storage = value(v).storage;
      if (std::find(new_storages.begin(), new_storages.end(), storage) == new_storages.end() &&
          !made_[at(storage)]) {
        fresh(v, true);
        new_storages.push_back(storage);
      }
    }
  }

  Program& p_;
  std::vector<bool> made_;                  // by storage
  std::vector<std::vector<Extent>> spans_;  // by storage: what of it is there
  Storage memory_;
  size_t step_ = SIZE_MAX;
};

}  // namespace

void verify(Program& p) { Verifier(p).run(); }

}  // namespace tape
WENGERT_NAMESPACE_END
