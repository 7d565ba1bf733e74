#include "tape/program.h"

#include <cstring>

#include "tape/ignore_fields.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

OpValue::OpValue(const OpClass& cls, const void* op) : cls_(&cls) {
  if (!cls.size) return;
  constexpr size_t kUnit = sizeof(std::max_align_t);
  memory_.reset(new std::max_align_t[(cls.size + kUnit - 1) / kUnit]);
  if (cls.copy) {
    cls.copy(memory_.get(), op);
  } else {
    std::memcpy(memory_.get(), op, cls.size);
  }
}

OpValue::OpValue(const OpClass& cls, void (*make)(void*)) : cls_(&cls) {
  if (!cls.size) return;
  constexpr size_t kUnit = sizeof(std::max_align_t);
  memory_.reset(new std::max_align_t[(cls.size + kUnit - 1) / kUnit]());
  if (make) make(memory_.get());
}

OpValue& OpValue::operator=(const OpValue& o) {
  if (this != &o) *this = o.cls_ ? OpValue(*o.cls_, o.get()) : OpValue();
  return *this;
}

OpValue& OpValue::operator=(OpValue&& o) noexcept {
  std::swap(cls_, o.cls_);
  std::swap(memory_, o.memory_);
  return *this;
}

OpValue::~OpValue() {
  if (memory_ && cls_->destroy) cls_->destroy(memory_.get());
}

RandomFields random_fields(const OpClass& cls, void* op) {
  struct Find final : IgnoreFields {
    using IgnoreFields::visit;
    RandomFields found;
    void visit(const std::string& name, uint64_t& v) override {
      if (name == "seed") found.seed = &v;
      if (name == "offset") found.offset = &v;
    }
  } find;
  if (cls.fields) cls.fields(op, find);
  return find.found;
}

double* number_field(OpValue& op, const std::string& name) {
  if (!op.valid()) return nullptr;
  struct Find final : IgnoreFields {
    using IgnoreFields::visit;
    explicit Find(const std::string& n) : wanted(n) {}
    const std::string& wanted;
    double* found = nullptr;
    void visit(const std::string& n, double& v) override {
      if (n == wanted) found = &v;
    }
  } find(name);
  if (op.cls().fields) op.cls().fields(op.get(), find);
  return find.found;
}

bool same_layout(const TensorImpl& t, const Value& v) {
  return t.dtype == v.dtype && t.sizes() == Dims(v.shape) &&
         Dims(t.strides(), t.ndim) == Dims(v.strides);
}

int64_t Value::numel() const {
  int64_t n = 1;
  for (const int64_t d : Dims(shape)) n *= d;
  return n;
}

bool Value::contiguous() const { return is_row_major(shape.d, strides.d, shape.ndim); }

std::vector<int> Step::changed() const {
  if (kind == StepKind::change) {
    return outputs.empty() ? inputs : std::vector<int>{inputs[0]};
  }
  std::vector<int> into;
  if (kind != StepKind::rule) return into;
  for (const RuleInfo::Edge& e : rule->edges) {
    if (e.into >= 0) into.push_back(e.into);
  }
  return into;
}

}  // namespace tape
WENGERT_NAMESPACE_END
