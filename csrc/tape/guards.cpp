// Whether a program may run: what it was recorded with has to be there still.
#include <cstring>
#include <unordered_map>

#include "autograd/meta.h"
#include "tape/replay.h"
#include "tensor/check.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

size_t at(int i) { return static_cast<size_t>(i); }

bool differs(const TensorImpl& t, const Value& v) {
  return !same_layout(t, v) || t.has(kBatched) || t.has(kSparse);
}

std::string layout_text(DType dtype, Dims shape, Dims strides) {
  return std::string(name_of(dtype)) + " of shape " + to_text(shape) + " and strides " +
         to_text(strides);
}

}  // namespace

Tensor grad_of(TensorImpl& leaf) {
  AutogradMeta* meta = meta_if_any(leaf);
  if (!meta) return {};
  const GradLock lock(*meta);
  return meta->grad;
}

std::string Player::refusal(TensorList inputs) const {
  for (const auto refused :
       {&Player::refused_arguments, &Player::refused_tensors, &Player::refused_gradients}) {
    if (std::string why = (this->*refused)(inputs); !why.empty()) return why;
  }
  return {};
}

std::string Player::refused_arguments(TensorList inputs) const {
  if (inputs.size() != program_.inputs.size()) return "another number of arguments";
  for (size_t k = 0; k < inputs.size(); ++k) {
    const TensorImpl& t = *inputs[k].impl();
    const int v = program_.inputs[k];
    const Value& x = program_.values[at(v)];
    if (differs(t, x)) {
      return "argument " + std::to_string(k) + " is " +
             layout_text(t.dtype, t.sizes(), Dims(t.strides(), t.ndim)) + " instead of " +
             layout_text(x.dtype, x.shape, x.strides);
    }
    if (t.requires_grad() != program_.inputs_require_grad[k])
      return "requires_grad of argument " + std::to_string(k) + " is another";
    const int owner = program_.storage_of(v).index;
    for (size_t j = 0; j < k; ++j) {
      const int w = program_.inputs[j];
      const bool together = program_.values[at(w)].storage == program_.values[at(v)].storage;
      const TensorImpl& o = *inputs[j].impl();
      if (!together && root_of(o.storage) == root_of(t.storage))
        return "arguments that share memory";
      if (together && owner == static_cast<int>(j) &&
          t.data - o.data != program_.values[at(v)].offset)
        return "arguments that share other parts of memory";
    }
  }
  return {};
}

std::string Player::refused_tensors(TensorList inputs) const {
  for (size_t k = 0; k < program_.states.size(); ++k) {
    const State& s = program_.states[k];
    if (differs(*s.tensor.impl(), program_.values[at(s.value)]) ||
        s.tensor.requires_grad() != needs_grad_[k])
      return "a tensor it uses has another dtype, layout or requires_grad";
  }
  for (const int v : changed_) {
    const StorageInfo& info = program_.storage_of(v);
    const TensorImpl* t = info.kind == StorageKind::input   ? inputs[at(info.index)].impl()
                          : info.kind == StorageKind::state ? headers_[at(v)]
                                                            : nullptr;
    if (t && t->has(kReadOnly | kInference)) return "a tensor that must not be changed";
  }
  return {};
}

std::string Player::refused_gradients(TensorList inputs) const {
  // The memory of gradients that are added to, and where the program has it.
  std::unordered_map<const Storage*, int> memory;
  std::unordered_map<int, const Storage*> of_program;
  for (const LeafGradient& g : program_.gradients) {
    if (g.replaced) continue;
    const int leaf_input = program_.storage_of(g.leaf).kind == StorageKind::input
                               ? program_.storage_of(g.leaf).index
                               : -1;
    TensorImpl* leaf = leaf_input >= 0 ? inputs[at(leaf_input)].impl() : headers_[at(g.leaf)];
    const Tensor now = grad_of(*leaf);
    if (now.defined() != g.defined) return "a gradient that is there where none was, or not";
    if (g.begin < 0) continue;
    const Value& begin = program_.values[at(g.begin)];
    if (differs(*now.impl(), begin)) return "a gradient of another layout";
    // Steps add to it in place, and may read the argument afterwards.
    for (size_t k = 0; k < inputs.size(); ++k) {
      const TensorImpl &t = *inputs[k].impl(), &n = *now.impl();
      const Value& x = program_.values[at(program_.inputs[k])];
      const bool fits = x.storage == begin.storage ? root_of(t.storage) == root_of(n.storage) &&
                                                         n.data - t.data == begin.offset - x.offset
                                                   : !share_memory(t, n);
      if (!fits) return "a gradient that shares memory with an argument, or does not any longer";
    }
    const int storage = begin.storage;
    const Storage* root = root_of(now.impl()->storage);
    if (memory.emplace(root, storage).first->second != storage ||
        of_program.emplace(storage, root).first->second != root)
      return "gradients that share memory, or do not any longer";
  }
  if (memory.empty()) return {};
  for (const State& state : program_.states) {
    const int storage = program_.values[at(state.value)].storage;
    const Storage* root = root_of(state.tensor.impl()->storage);
    const auto other = memory.find(root);
    const auto own = of_program.find(storage);
    if ((other != memory.end() && other->second != storage) ||
        (own != of_program.end() && own->second != root))
      return "a gradient that shares memory with a tensor it uses, or does not any longer";
  }
  return {};
}

bool Player::check(const Step& s) const {
  const TensorImpl& t = *header(s.inputs[0]);
  if (t.contiguous()) return std::memcmp(t.data, s.bytes.data(), s.bytes.size()) == 0;
  const Tensor dense = dense_copy(t, t.dtype);
  return std::memcmp(dense.impl()->data, s.bytes.data(), s.bytes.size()) == 0;
}

}  // namespace tape
WENGERT_NAMESPACE_END
