#include "tape/describe.h"

#include "autograd/fields.h"
#include "tensor/check.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Arguments are x0, x1, ...; tensors from outside s0, s1, ...; grads g0, g1, ...; those that are
// other headers of these have a number behind a dot, and all others are %0, %1, ...
class Names {
 public:
  explicit Names(const Program& p) : p_(p) {}
  std::string of(int v) const {
    if (v < 0) return "-";
    const StorageInfo& info = p_.storage_of(v);
    const std::string index = std::to_string(info.index);
    switch (info.kind) {
      case StorageKind::input:
        return named("x" + index, v, p_.inputs[static_cast<size_t>(info.index)]);
      case StorageKind::state:
        return named("s" + index, v, p_.states[static_cast<size_t>(info.index)].value);
      case StorageKind::gradient:
        return named("g" + index, v, p_.gradients[static_cast<size_t>(info.index)].begin);
      case StorageKind::temporary:
        return "%" + std::to_string(v);
    }
    return {};
  }

 private:
  static std::string named(const std::string& name, int v, int root) {
    return v == root ? name : name + "." + std::to_string(v);
  }
  const Program& p_;
};

std::string type_of(const Value& v) {
  return std::string(wengert::name_of(v.dtype)) + " " + wengert::to_text(v.shape);
}

std::string list(const Names& names, const std::vector<int>& values) {
  std::string text;
  for (const int v : values) {
    if (!text.empty()) text += ", ";
    text += names.of(v);
  }
  return text;
}

int64_t bytes_of(const Program& p, int v) {
  if (v < 0) return 0;
  const Value& value = p.values[static_cast<size_t>(v)];
  return value.numel() * static_cast<int64_t>(item_size(value.dtype));
}

}  // namespace

std::string name_of(const Step& s) {
  if (s.kind == StepKind::check) return "check";
  std::string name = s.op.cls().name;
  if (s.kind == StepKind::rule) return name + ".gradient";
  if (s.kind == StepKind::change && !s.outputs.empty()) name += "_";
  return name;
}

TapeStep describe(const Step& s) {
  class Attributes final : public FieldVisitor {
   public:
    explicit Attributes(TapeStep& to) : to_(to) {}
    void visit(const std::string& n, bool& v) override { add(n, v); }
    void visit(const std::string& n, int64_t& v) override { add(n, v); }
    void visit(const std::string& n, uint64_t& v) override { add(n, v); }
    void visit(const std::string& n, double& v) override { add(n, v); }
    void visit(const std::string& n, DType& v) override { add(n, v); }
    void visit(const std::string& n, Scalar& v) override { add(n, v); }
    void visit(const std::string& n, Shape& v) override { add(n, Dims(v).vec()); }
    void visit(const std::string& n, std::vector<int64_t>& v) override { add(n, v); }

   private:
    void add(const std::string& n, TapeAttribute v) {
      to_.attributes.emplace_back(n, std::move(v));
    }
    TapeStep& to_;
  };
  TapeStep t;
  t.kind = static_cast<TapeStep::Kind>(s.kind);
  t.name = s.kind == StepKind::check ? "check" : s.op.cls().name;
  Attributes attributes(t);
  // The visitor changes nothing.
  if (s.op.valid() && s.op.cls().fields)
    s.op.cls().fields(const_cast<void*>(s.op.get()), attributes);
  t.inputs.assign(s.inputs.begin(), s.inputs.end());
  t.outputs.assign(s.outputs.begin(), s.outputs.end());
  t.where = s.where;
  return t;
}

std::vector<TapeValue> describe_values(const Program& p) {
  std::vector<TapeValue> all;
  for (size_t i = 0; i < p.values.size(); ++i) {
    const Value& v = p.values[i];
    const StorageInfo& s = p.storage_of(static_cast<int>(i));
    all.push_back({static_cast<TapeValue::Kind>(s.kind), s.index, v.storage, v.offset, v.dtype,
                   Dims(v.shape).vec(), Dims(v.strides).vec()});
  }
  return all;
}

std::string to_text(const Program& p) {
  const Names names(p);
  std::string text;
  const auto declare = [&](const std::string& name, int v, const char* what) {
    text += name + ": " + type_of(p.values[static_cast<size_t>(v)]) + "  # " + what + "\n";
  };
  for (size_t i = 0; i < p.inputs.size(); ++i)
    declare("x" + std::to_string(i), p.inputs[i], "argument");
  for (size_t i = 0; i < p.states.size(); ++i)
    declare("s" + std::to_string(i), p.states[i].value, "from outside");
  for (const Step& s : p.steps) {
    std::string line;
    if (s.kind == StepKind::check) {
      line = "check " + names.of(s.inputs[0]);
    } else {
      const std::string outputs = list(names, s.outputs);
      if (!outputs.empty()) line = outputs + " = ";
      line += name_of(s) + "(";
      std::string attributes;
      for (const auto& [name, value] : attributes_of(s.op.cls(), s.op.get())) {
        if (!attributes.empty()) attributes += ", ";
        attributes += name + "=" + value;
      }
      line += list(names, s.inputs);
      if (!attributes.empty()) line += "; " + attributes;
      line += ")";
      for (const int v : s.outputs) {
        if (v < 0) continue;
        line += " : " + type_of(p.values[static_cast<size_t>(v)]);
        break;
      }
    }
    if (s.dead || !s.where.empty()) line += "  #";
    if (s.dead) line += " unused";
    if (!s.where.empty()) line += " " + s.where;
    text += line + "\n";
  }
  text += "return " + list(names, p.outputs) + "\n";
  return text;
}

TapeStats count(const Program& p) {
  TapeStats stats;
  for (const Step& s : p.steps) {
    if (s.kind == StepKind::check) ++stats.checks;
    if (s.kind == StepKind::check || s.kind == StepKind::view || s.dead) continue;
    ++stats.operations;
    if (s.kind == StepKind::rule) ++stats.rules;
    for (const int v : s.inputs) stats.bytes += bytes_of(p, v);
    for (const int v : s.outputs) stats.bytes += bytes_of(p, v);
    if (!s.op.cls().flops) continue;
    const auto dims = [&](const std::vector<int>& values) {
      std::vector<Dims> all;
      for (const int v : values)
        all.push_back(v < 0 ? Dims() : Dims(p.values[static_cast<size_t>(v)].shape));
      return all;
    };
    if (s.kind == StepKind::op) {
      const std::vector<Dims> in = dims(s.inputs), out = dims(s.outputs);
      stats.flops += s.op.cls().flops({in.data(), out.data()});
    } else if (s.kind == StepKind::rule) {
      // A product for each gradient of a factor, as large as the product itself.
      std::vector<Dims> in;
      std::vector<Shape> shapes;
      for (const RuleInfo::Edge& e : s.rule->edges) shapes.push_back(e.shape);
      for (const Shape& shape : shapes) in.push_back(shape);
      const std::vector<Dims> out = dims({s.inputs.begin(), s.inputs.begin() + s.rule->gradients});
      int64_t needed = 0;
      for (const RuleInfo::Edge& e : s.rule->edges) needed += e.needed && e.shape.ndim > 1;
      stats.flops += needed * s.op.cls().flops({in.data(), out.data()});
    }
  }
  return stats;
}

}  // namespace tape
WENGERT_NAMESPACE_END
