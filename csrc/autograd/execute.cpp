#include "autograd/execute.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "autograd/algebra.h"
#include "autograd/meta.h"
#include "autograd/node.h"
#include "tensor/check.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Metas {
  Meta inline_[2];
  std::unique_ptr<Meta[]> many;
  explicit Metas(int n) {
    if (n > 2) many.reset(new Meta[static_cast<size_t>(n)]);
  }
  Meta* get() { return many ? many.get() : inline_; }
};

Tensor make_view(const TensorImpl& of, const Meta& m) {
  if (of.has(kSparse)) [[unlikely]]
    refuse_to_read(of);
  char* data = of.data + m.offset * static_cast<int64_t>(item_size(of.dtype));
  return new_alias(of, m.shape, m.strides, data, m.dtype);
}

void change_in_place(OpCall& call, const Meta& m) {
  const OpClass& cls = call.cls;
  TensorImpl& self = *call.inputs[0];
  RecordingGuard off(false);
  const auto in_the_way = [&](const TensorImpl& x) {
    const bool same = x.data == self.data && x.sizes() == self.sizes() &&
                      Dims(x.strides(), x.ndim) == Dims(self.strides(), self.ndim);
    return share_memory(x, self) && !(same && cls.overwrites == Overwrites::any);
  };
  bool direct = cls.overwrites != Overwrites::none && m.dtype == self.dtype;
  for (int i = 1; direct && i < call.n_inputs; ++i)
    direct = !call.inputs[i] || !in_the_way(*call.inputs[i]);
  if (direct) {
    Tensor out = Tensor::share(&self);
    Compute c{call.inputs, call.n_inputs, &out, 1};
    cls.compute(call.op, c);
  } else {
    Tensor out = m.strided ? new_tensor(m.dtype, m.shape, m.strides) : new_tensor(m.dtype, m.shape);
    Compute c{call.inputs, call.n_inputs, &out, 1};
    cls.compute(call.op, c);
    copy_elements(self, *out.impl());
  }
  self.bump_version();
}

void execute_in_place(OpCall& call) {
  const OpClass& cls = call.cls;
  TensorImpl& self = *call.inputs[0];
  check_in_place(cls.name, self);
  Metas metas(1);
  Infer infer{call.inputs, call.n_inputs, metas.get(), 1};
  cls.infer(call.op, infer);
  const Meta& m = metas.get()[0];
  WG_CHECK(Dims(m.shape) == self.sizes(), Error, cls.name, "_: the result has shape ",
           Dims(m.shape), ", which does not fit in the tensor of shape ", self.sizes(),
           " that is to be changed in place");
  WG_CHECK(kind_of(m.dtype) <= kind_of(self.dtype), Error, cls.name, "_: a result of dtype ",
           m.dtype, " cannot be stored in a tensor of dtype ", self.dtype,
           "; use the form that returns a new tensor");
  if (recording() && cls.vjp && any_requires_grad(call.inputs, call.n_inputs) &&
      is_differentiable(self.dtype)) {
    record_in_place(call, [&] { change_in_place(call, m); });
  } else {
    change_in_place(call, m);
  }
}

}  // namespace

void execute(OpCall& call) {
  if (call.in_place) {
    execute_in_place(call);
    return;
  }
  const OpClass& cls = call.cls;
  Metas metas(call.n_outputs);
  Infer infer{call.inputs, call.n_inputs, metas.get(), call.n_outputs};
  cls.infer(call.op, infer);
  if (cls.view) {
    TensorImpl& base = *call.inputs[0];
    for (int i = 0; i < call.n_outputs; ++i) {
      call.outputs[i] = make_view(base, metas.get()[i]);
      mark_view(*call.outputs[i].impl(), base, cls, call.op, static_cast<uint32_t>(i));
    }
  } else {
    for (int i = 0; i < call.n_outputs; ++i) {
      const Meta& m = metas.get()[i];
      if (call.outputs[i].defined()) continue;
      call.outputs[i] =
          m.strided ? new_tensor(m.dtype, m.shape, m.strides) : new_tensor(m.dtype, m.shape);
    }
    Compute c{call.inputs, call.n_inputs, call.outputs, call.n_outputs};
    RecordingGuard off(false);
    cls.compute(call.op, c);
  }
  if (recording() && cls.vjp && any_requires_grad(call.inputs, call.n_inputs)) record(call);
}

InputsBefore::InputsBefore(const OpCall& call, const Copy& copy)
    : inputs_(call.inputs, call.inputs + call.n_inputs) {
  const TensorImpl& self = *call.inputs[0];
  for (size_t i = 0; i < inputs_.size(); ++i) {
    TensorImpl* t = call.inputs[i];
    if (!t || inputs_[i] != t || !changes_with(*t, self)) continue;
    copies_.push_back(copy(Tensor::share(t)));
    std::replace(inputs_.begin(), inputs_.end(), t, copies_.back().impl());
  }
}

void record_in_place(OpCall& call, const std::function<void()>& change) {
  const OpClass& cls = call.cls;
  TensorImpl& self = *call.inputs[0];
  check_in_place(cls.name, self);
  // Whatever can fail is done before the elements change.
  WG_CHECK(!self.has(kIsView) || self.meta->base.impl()->storage == self.storage, Error, cls.name,
           "_: the data of the tensor that this is a view of was replaced; make the view anew");
  check_change_is_seen(cls.name, self);
  Node* node = new_node(cls, call.op, call.inputs, call.n_inputs, 1, cls.n_saves);
  try {
    save_inputs(node, call.inputs, call.n_inputs, &self, call.before);
    for (int k = 0; k < cls.n_saves; ++k) {
      if (!cls.saves[k].output) continue;
      save(node, k, &self, true);
      node->saved()[k].output_nr = 0;
    }
  } catch (...) {
    release_node(node);
    throw;
  }
  Node* history = rebased_history(self, node);
  try {
    change();
    for (int k = 0; k < cls.n_saves; ++k) {
      if (cls.saves[k].output) node->saved()[k].version = self.version();
    }
    if (thread_mode.word & kPacking) [[unlikely]]
      pack_saved(*node);
  } catch (...) {
    release_node(history);
    throw;
  }
  rebase(self, history);
}

void run_in_place(const OpClass& cls, const void* op, TensorImpl* const* inputs, int n_inputs) {
  Tensor self = Tensor::share(inputs[0]);
  OpCall call{cls, op, inputs, n_inputs, &self, 1, true};
  run(call);
}

WENGERT_NAMESPACE_END
