#include <set>

#include "autograd/meta.h"
#include "ops/operations.h"
#include "tape/attributes.h"
#include "tape/file.h"
#include "tape/replay.h"
#include "tensor/check.h"
#include "tensor/copy.h"
#include "wengert/tape.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

int small(const Json& v, const char* where) {
  const int64_t i = v.integer(where);
  WG_CHECK(i >= -1 && i < INT32_MAX, ValueError, "load: ", where,
           ": expected a number of something"
           " or -1, but got ",
           i);
  return static_cast<int>(i);
}
std::vector<int> numbers(const Json& v, const char* where) {
  std::vector<int> all;
  for (const Json& i : v.array(where)) all.push_back(small(i, where));
  return all;
}
template <class T, size_t n>
T one_of(const Json& v, const char* where, const char* const (&names)[n]) {
  const std::string& name = v.string(where);
  for (size_t i = 0; i < n; ++i) {
    if (name == names[i]) return static_cast<T>(i);
  }
  fail<ValueError>("load: ", where, ": there is no '", name, "'");
}
Shape shape_of(const Json& v, const char* where) {
  const auto& list = v.array(where);
  WG_CHECK(list.size() <= kMaxDims, ValueError, "load: ", where, " has more than ", kMaxDims,
           " dimensions");
  Shape s;
  for (const Json& i : list) {
    s.push(i.integer(where));
    WG_CHECK(s.d[s.ndim - 1] >= -kLargest && s.d[s.ndim - 1] <= kLargest, ValueError,
             "load: ", where, ": ", s.d[s.ndim - 1], " is too large");
  }
  return s;
}
const std::vector<Json>& parts(const Json& v, const char* where, size_t n) {
  const auto& list = v.array(where);
  WG_CHECK(list.size() == n, ValueError, "load: ", where, ": expected ", n, " entries, but got ",
           list.size());
  return list;
}

class Loading {
 public:
  Loading(const TensorMap& tensors, const Json& json) : tensors_(tensors), json_(json) {}

  Program run(std::vector<std::string>& names) {
    const int64_t version = json_["version"].integer("version");
    WG_CHECK(version == kVersion, ValueError, "load: the program has version ", version,
             ", but this library reads version ", kVersion, " only");
    for (const Json& s : json_["storages"].array("storages")) storage(s);
    for (const Json& v : json_["values"].array("values")) value(v);
    for (const Json& a : json_["arguments"].array("arguments")) {
      const auto& entry = parts(a, "arguments", 2);
      p_.inputs.push_back(small(entry[0], "arguments"));
      p_.inputs_require_grad.push_back(entry[1].boolean("arguments"));
    }
    p_.outputs = numbers(json_["results"], "results");
    for (const Json& s : json_["states"].array("states")) state(s, names);
    for (const Json& g : json_["gradients"].array("gradients")) gradient(g);
    for (const Json& g : json_["generators"].array("generators")) generator(g);
    for (const Json& s : json_["steps"].array("steps")) step(s);
    return std::move(p_);
  }

 private:
  void storage(const Json& s) {
    const auto& entry = s.array("storages");
    WG_CHECK(!entry.empty() && entry.size() <= 2, ValueError,
             "load: storages: expected a kind and a number");
    static constexpr const char* kKinds[] = {"argument", "state", "gradient", "temporary", "rule"};
    const auto kind = one_of<int>(entry[0], "storages", kKinds);
    StorageInfo info{};
    info.from_rule = kind == 4;
    info.kind = info.from_rule ? StorageKind::temporary : static_cast<StorageKind>(kind);
    info.index = entry.size() == 2 ? small(entry[1], "storages") : -1;
    p_.storages.push_back(info);
  }

  void value(const Json& j) {
    const auto& entry = parts(j, "values", 5);
    Value v;
    v.storage = small(entry[0], "values");
    v.offset = entry[1].integer("values");
    v.dtype = dtype_named(entry[2].string("values"));
    v.shape = shape_of(entry[3], "values");
    v.strides = shape_of(entry[4], "values");
    WG_CHECK(v.shape.ndim == v.strides.ndim, ValueError, "load: value ", p_.values.size(), " has ",
             v.shape.ndim, " sizes, but ", v.strides.ndim, " strides");
    extent_of(v);
    p_.values.push_back(v);
  }

  const Value& known(int v, const char* where) const {
    WG_CHECK(v >= 0 && static_cast<size_t>(v) < p_.values.size(), ValueError, "load: ", where,
             ": there is no value ", v);
    return p_.values[static_cast<size_t>(v)];
  }

  // The tensor called `name` in the layout of a value, as Saving::root has left it.
  Tensor root(const std::string& name, const Json& j, const Value& v) {
    const auto it = tensors_.find(name);
    WG_CHECK(it != tensors_.end(), ValueError, "load: the file has no tensor '", name, "'");
    WG_CHECK(taken_.insert(name).second, ValueError, "load: the tensor '", name, "' is used twice");
    const Tensor& t = it->second;
    const Json* at = j.find("flat");
    if (!at) {
      WG_CHECK(t.dtype() == v.dtype && t.shape() == Dims(v.shape) && v.contiguous(), ValueError,
               "load: the tensor '", name, "' has dtype ", t.dtype(), " and shape ", t.shape(),
               ", but the program expects ", v.dtype, " and ", Dims(v.shape),
               " in row-major order");
      return t;
    }
    const int64_t first = at->integer("flat");
    WG_CHECK(first >= -kLargest && first <= 0, ValueError, "load: flat: ", first,
             " is no place in front of a tensor");
    const Extent e = extent_of(v);
    const auto item = static_cast<int64_t>(item_size(v.dtype));
    const int64_t bytes = t.numel() * static_cast<int64_t>(item_size(t.dtype()));
    WG_CHECK(t.dim() == 1 && -first % item == 0 && e.first >= first && e.end - first <= bytes &&
                 -first <= bytes,
             ValueError, "load: the memory in '", name, "', ", bytes,
             " bytes, does not hold an array of shape ", Dims(v.shape), " and strides ",
             Dims(v.strides));
    return new_alias(*t.impl(), v.shape, v.strides.d, t.impl()->data - first, v.dtype);
  }

  void state(const Json& j, std::vector<std::string>& names) {
    State s;
    names.push_back(j["name"].string("states"));
    s.value = small(j["value"], "states");
    s.tensor = root(names.back(), j, known(s.value, "states"));
    s.constant = j["constant"].boolean("states");
    if (j["requires_grad"].boolean("states")) {
      WG_CHECK(is_differentiable(s.tensor.dtype()), ValueError, "load: the state '", names.back(),
               "' of dtype ", s.tensor.dtype(), " cannot require a gradient");
      s.tensor.requires_grad_();
    }
    p_.states.push_back(std::move(s));
  }

  void gradient(const Json& j) {
    LeafGradient g{};
    g.leaf = small(j["leaf"], "gradients");
    g.replaced = j["replaced"].boolean("gradients");
    g.defined = j["defined"].boolean("gradients");
    g.begin = small(j["begin"], "gradients");
    g.end = small(j["end"], "gradients");
    Tensor before;
    if (const Json* name = j.find("name")) {
      before = root(name->string("gradients"), j, known(g.begin, "gradients"));
    }
    before_.push_back(before);
    p_.gradients.push_back(g);
  }

  void generator(const Json& j) {
    GeneratorUse u{default_generator()};
    if (!j["default"].boolean("generators")) {
      const auto& now = parts(j["state"], "generators", 2);
      u.generator = Generator();
      u.generator.set_state({now[0].natural("generators"), now[1].natural("generators")});
    }
    u.seeded = j["seeded"].boolean("generators");
    const auto& end = parts(j["end"], "generators", 2);
    u.end = {end[0].natural("generators"), end[1].natural("generators")};
    p_.generators.push_back(std::move(u));
  }

  void step(const Json& j) {
    Step& s = p_.steps.emplace_back();
    static constexpr const char* kKinds[] = {"operation", "change", "view", "rule", "check"};
    s.kind = one_of<StepKind>(j["kind"], "steps", kKinds);
    s.inputs = numbers(j["inputs"], "inputs");
    s.outputs = numbers(j["outputs"], "outputs");
    if (const Json* where = j.find("where")) s.where = where->string("where");
    if (s.kind == StepKind::check) {
      const std::string& name = j["tensor"].string("steps");
      const auto it = tensors_.find(name);
      WG_CHECK(it != tensors_.end() && it->second.dtype() == DType::uint8 && it->second.dim() == 1,
               ValueError, "load: the file has no bytes '", name, "'");
      s.bytes.assign(static_cast<const char*>(it->second.data()),
                     static_cast<size_t>(it->second.numel()));
      return;
    }
    const std::string& key = j["op"].string("op");
    const Operation* found = find_operation(key);
    WG_CHECK(found, ValueError, "load: there is no operation '", key, "'");
    s.op = make_operation(*found, j.find("attributes"));
    if (const Json* draw = j.find("draw")) {
      const auto& entry = parts(*draw, "draw", 2);
      s.draw.generator = small(entry[0], "draw");
      s.draw.offset = entry[1].natural("draw");
    }
    if (s.kind == StepKind::rule) s.rule = rule(*found->cls, j);
  }

  static std::unique_ptr<RuleInfo> rule(const OpClass& cls, const Json& j) {
    auto r = std::make_unique<RuleInfo>();
    r->gradients = small(j["gradients"], "gradients");
    for (int k = 0; k < cls.n_saves; ++k) {
      r->saved.push_back({cls.saves[k].output, cls.saves[k].index});
    }
    for (const Json& e : j["edges"].array("edges")) {
      RuleInfo::Edge& edge = r->edges.emplace_back();
      if (e.array("edges").empty()) continue;
      const auto& entry = parts(e, "edges", 4);
      edge.present = true;
      edge.dtype = dtype_named(entry[0].string("edges"));
      edge.shape = shape_of(entry[1], "edges");
      edge.needed = entry[2].boolean("edges");
      edge.into = small(entry[3], "edges");
    }
    return r;
  }

 public:
  // The grads that leaves have, after everything was verified.
  void give_gradients(Program& p) {
    for (size_t i = 0; i < p.gradients.size(); ++i) {
      const LeafGradient& g = p.gradients[i];
      const StorageInfo& leaf = p.storage_of(g.leaf);
      if (g.begin < 0 || leaf.kind != StorageKind::state) continue;
      Tensor now = before_[i];
      const StorageInfo& info = p.storage_of(g.begin);
      if (info.kind == StorageKind::state) {
        const State& s = p.states[static_cast<size_t>(info.index)];
        const Value& v = p.values[static_cast<size_t>(g.begin)];
        now = s.value == g.begin ? s.tensor
                                 : new_alias(*s.tensor.impl(), v.shape, v.strides.d,
                                             s.tensor.impl()->data + v.offset, v.dtype);
      }
      AutogradMeta& meta = meta_of(*p.states[static_cast<size_t>(leaf.index)].tensor.impl());
      const GradLock lock(meta);
      meta.grad.swap(now);
    }
  }
  bool has_gradient(size_t i) const { return before_[i].defined(); }

 private:
  const TensorMap& tensors_;
  const Json& json_;
  Program p_;
  std::set<std::string> taken_;
  std::vector<Tensor> before_;  // by gradient
};

}  // namespace

Program from_file(const TensorMap& tensors, const std::string& text,
                  std::vector<std::string>& names) {
  const Json json = Json::parse(text);
  // Tensors without their history and their requires_grad.
  TensorMap own;
  for (const auto& [name, t] : tensors) own.emplace(name, new_alias(*t.impl()));
  Loading loading(own, json);
  Program p = loading.run(names);
  for (size_t i = 0; i < p.gradients.size(); ++i) {
    const LeafGradient& g = p.gradients[i];
    const auto kind = [&](int v) {
      WG_CHECK(v >= 0 && static_cast<size_t>(v) < p.values.size(), ValueError,
               "load: gradients: there is no value ", v);
      const int s = p.values[static_cast<size_t>(v)].storage;
      WG_CHECK(s >= 0 && static_cast<size_t>(s) < p.storages.size(), ValueError,
               "load: there is no storage ", s);
      return p.storages[static_cast<size_t>(s)].kind;
    };
    const bool needs = g.begin >= 0 && kind(g.leaf) == StorageKind::state &&
                       kind(g.begin) == StorageKind::gradient;
    WG_CHECK(needs == loading.has_gradient(i), ValueError, "load: gradient ", i,
             needs ? " has no name" : " has a name, but is none of a state");
  }
  verify(p);
  loading.give_gradients(p);
  return p;
}

}  // namespace tape

Tape Tape::load(const std::string& path, std::map<std::string, std::string>* metadata) {
  io::TensorFile file = io::load(path);
  const auto it = file.metadata.find(tape::kMetadataKey);
  WG_CHECK(it != file.metadata.end(), ValueError, "load: ", path,
           " is a file of tensors without a program");
  std::vector<std::string> names;
  tape::Program program = tape::from_file(file.tensors, it->second, names);
  if (metadata) {
    *metadata = std::move(file.metadata);
    metadata->erase(tape::kMetadataKey);
  }
  auto player = std::make_shared<tape::Player>(std::move(program));
  player->names = std::move(names);
  return Tape(std::move(player));
}

WENGERT_NAMESPACE_END
