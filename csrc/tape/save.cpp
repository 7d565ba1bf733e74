#include <cmath>
#include <map>
#include <set>

#include "autograd/fields.h"
#include "autograd/meta.h"
#include "io/json.h"
#include "ops/operations.h"
#include "tape/attributes.h"
#include "tape/file.h"
#include "tape/replay.h"
#include "tensor/copy.h"
#include "wengert/dtype.h"
#include "wengert/tape.h"
#include "wengert/version.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Writes JSON, one level after the other.
class Writer {
 public:
  std::string text;

  Writer& key(const char* name) {
    comma();
    io::append_json(text, name);
    text += ':';
    after_key_ = true;
    return *this;
  }
  void open(char c) {
    comma();
    text += c;
    first_ = true;
  }
  void close(char c) {
    text += c;
    first_ = false;
  }
  void raw(const std::string& s) {
    comma();
    text += s;
  }
  void value(bool v) { raw(v ? "true" : "false"); }
  void value(int64_t v) { raw(std::to_string(v)); }
  void value(uint64_t v) { raw(json_number(v)); }
  void value(const std::string& s) {
    comma();
    io::append_json(text, s);
  }
  template <class List>
  void list(const List& all) {
    open('[');
    for (const auto& v : all) value(static_cast<int64_t>(v));
    close(']');
  }
  void line() {
    if (!first_ && !after_key_) text += ',';
    text += '\n';
    first_ = true;
  }

 private:
  void comma() {
    if (!first_ && !after_key_) text += ',';
    first_ = after_key_ = false;
  }
  bool first_ = true, after_key_ = false;
};

bool is_dense(const Value& v) { return v.contiguous(); }

// A tensor over bytes of another's memory, whose first element is at `first`.
Tensor flat(const Tensor& of, Extent span, DType dtype) {
  const int64_t n = (span.end - span.first) / static_cast<int64_t>(item_size(dtype)), one = 1;
  return dense_copy(
      *new_alias(*of.impl(), Dims(&n, 1), &one, of.impl()->data + span.first, dtype).impl(), dtype);
}

class Saving {
 public:
  Saving(const Program& p, const std::vector<std::string>& names) : p_(p), names_(names) {
    spans_.resize(p.storages.size());
    made_.resize(p.storages.size());
    for (const Step& s : p.steps) {
      if (s.dead || s.kind == StepKind::view) continue;
      for (const int v : s.outputs) {
        if (v >= 0) made_[static_cast<size_t>(p.values[static_cast<size_t>(v)].storage)] = true;
      }
    }
    std::vector<bool> seen(p.storages.size(), false);
    for (const Value& v : p.values) {
      const auto s = static_cast<size_t>(v.storage);
      const Extent e = extent_of(v);
      if (e.first == e.end) continue;
      if (!seen[s]) spans_[s] = e;
      seen[s] = true;
      spans_[s].first = std::min(spans_[s].first, e.first);
      spans_[s].end = std::max(spans_[s].end, e.end);
    }
  }

  FileContents run() {
    w_.open('{');
    w_.key("version").value(kVersion);
    w_.key("library").value(std::string(WENGERT_VERSION));
    w_.key("storages").open('[');
    for (const StorageInfo& s : p_.storages) {
      static constexpr const char* kKinds[] = {"argument", "state", "gradient", "temporary"};
      const char* kind = s.from_rule ? "rule" : kKinds[static_cast<int>(s.kind)];
      w_.open('[');
      w_.value(std::string(kind));
      if (s.kind != StorageKind::temporary) w_.value(int64_t{s.index});
      w_.close(']');
    }
    w_.close(']');
    w_.line();
    w_.key("values").open('[');
    for (const Value& v : p_.values) {
      w_.line();
      w_.open('[');
      w_.value(int64_t{v.storage});
      w_.value(v.offset);
      w_.value(std::string(name_of(v.dtype)));
      w_.list(Dims(v.shape));
      w_.list(Dims(v.strides));
      w_.close(']');
    }
    w_.close(']');
    w_.line();
    w_.key("arguments").open('[');
    for (size_t i = 0; i < p_.inputs.size(); ++i) {
      w_.open('[');
      w_.value(int64_t{p_.inputs[i]});
      w_.value(bool{p_.inputs_require_grad[i]});
      w_.close(']');
    }
    w_.close(']');
    w_.key("results").list(p_.outputs);
    w_.line();
    states();
    w_.line();
    gradients();
    w_.line();
    generators();
    w_.line();
    w_.key("steps").open('[');
    for (const Step& s : p_.steps) {
      if (!is_left_out(s)) step(s);
    }
    w_.close(']');
    w_.close('}');
    contents_.program = std::move(w_.text);
    return std::move(contents_);
  }

 private:
  // What the program does not do, and views of what it does not make.
  bool is_left_out(const Step& s) const {
    if (s.dead || s.kind != StepKind::view) return s.dead;
    const int storage = p_.values[static_cast<size_t>(s.inputs[0])].storage;
    return p_.storages[static_cast<size_t>(storage)].kind == StorageKind::temporary &&
           !made_[static_cast<size_t>(storage)];
  }

  std::string put(std::string name, const Tensor& t) {
    WG_CHECK(contents_.tensors.emplace(name, t).second, ValueError,
             "save: two tensors are called '", name,
             "'; give the states of a tape different names");
    return name;
  }

  // The tensor that is the root of a storage, so that all its values can be made of it again:
  // dense by itself, or with the memory around it as a flat array that begins at `flat`.
  void root(const std::string& name, const Tensor& t, const Value& v) {
    const Extent own = extent_of(v), span = spans_[static_cast<size_t>(v.storage)];
    const bool whole = is_dense(v) && own.first == span.first && own.end == span.end;
    if (whole && v.dtype != DType::complex128) {
      put(name, dense_copy(*t.impl(), v.dtype));
      return;
    }
    const auto item = static_cast<int64_t>(item_size(v.dtype));
    const bool own_dtype = v.dtype != DType::bool_ && !is_complex(v.dtype) &&
                           span.first % item == 0 && (span.end - span.first) % item == 0;
    put(name, flat(t, span, own_dtype ? v.dtype : DType::uint8));
    w_.key("flat").value(span.first);
  }

  void states() {
    WG_CHECK(names_.empty() || names_.size() == p_.states.size(), ValueError,
             "save: expected a name for each of the ", p_.states.size(), " states, but got ",
             names_.size());
    w_.key("states").open('[');
    for (size_t i = 0; i < p_.states.size(); ++i) {
      const State& s = p_.states[i];
      const std::string name = names_.empty() ? "s" + std::to_string(i) : names_[i];
      w_.line();
      w_.open('{');
      w_.key("name").value(name);
      w_.key("value").value(int64_t{s.value});
      w_.key("requires_grad").value(s.tensor.requires_grad());
      w_.key("constant").value(s.constant);
      root(name, s.tensor, p_.values[static_cast<size_t>(s.value)]);
      w_.close('}');
    }
    w_.close(']');
  }

  void gradients() {
    w_.key("gradients").open('[');
    for (size_t i = 0; i < p_.gradients.size(); ++i) {
      const LeafGradient& g = p_.gradients[i];
      w_.open('{');
      w_.key("leaf").value(int64_t{g.leaf});
      w_.key("replaced").value(g.replaced);
      w_.key("defined").value(g.defined);
      w_.key("begin").value(int64_t{g.begin});
      w_.key("end").value(int64_t{g.end});
      const StorageInfo& leaf = p_.storage_of(g.leaf);
      if (g.begin >= 0 && leaf.kind == StorageKind::state &&
          p_.storage_of(g.begin).kind == StorageKind::gradient) {
        const Tensor now = p_.states[static_cast<size_t>(leaf.index)].tensor.grad();
        const Value& v = p_.values[static_cast<size_t>(g.begin)];
        WG_CHECK(now.defined() && now.dtype() == v.dtype && now.shape() == Dims(v.shape) &&
                     Dims(now.impl()->strides(), static_cast<size_t>(now.dim())) == Dims(v.strides),
                 ValueError, "save: the program adds to the gradient of state ", leaf.index,
                 ", which is not there any more; run what makes it first");
        const std::string name = (names_.empty() ? "s" + std::to_string(leaf.index)
                                                 : names_[static_cast<size_t>(leaf.index)]) +
                                 ".grad";
        w_.key("name").value(name);
        root(name, now, v);
      }
      w_.close('}');
    }
    w_.close(']');
  }

  void generators() {
    w_.key("generators").open('[');
    for (const GeneratorUse& u : p_.generators) {
      w_.open('{');
      const bool is_default = u.generator.is_same(default_generator());
      w_.key("default").value(is_default);
      if (!is_default) {
        const Generator::State s = u.generator.state();
        w_.key("state").open('[');
        w_.value(s.seed);
        w_.value(s.offset);
        w_.close(']');
      }
      w_.key("seeded").value(u.seeded);
      w_.key("end").open('[');
      w_.value(u.end.seed);
      w_.value(u.end.offset);
      w_.close(']');
      w_.close('}');
    }
    w_.close(']');
  }

  void step(const Step& s) {
    static constexpr const char* kKinds[] = {"operation", "change", "view", "rule", "check"};
    w_.line();
    w_.open('{');
    w_.key("kind").value(std::string(kKinds[static_cast<int>(s.kind)]));
    if (s.kind == StepKind::check) {
      const Value& v = p_.values[static_cast<size_t>(s.inputs[0])];
      const auto bytes = static_cast<int64_t>(s.bytes.size());
      const Tensor t = new_tensor(DType::uint8, Dims(&bytes, 1));
      std::memcpy(t.data(), s.bytes.data(), s.bytes.size());
      (void)v;
      w_.key("tensor").value(put("check." + std::to_string(checks_++), t));
    } else {
      const char* key = key_of(s.op.cls());
      WG_CHECK(key, ValueError, "save: the operation '", s.op.cls().name,
               "' cannot be kept in a file");
      w_.key("op").value(std::string(key));
      const Attributes all = attributes_of(key, s.op);
      if (!all.empty()) {
        w_.key("attributes").open('{');
        for (const auto& [name, v] : all) {
          w_.key(name.c_str()).raw(to_json(v));
        }
        w_.close('}');
      }
    }
    w_.key("inputs").list(s.inputs);
    w_.key("outputs").list(s.outputs);
    if (s.draw.generator >= 0) {
      w_.key("draw").open('[');
      w_.value(int64_t{s.draw.generator});
      w_.value(s.draw.offset);
      w_.close(']');
    }
    if (s.rule) rule(*s.rule);
    if (!s.where.empty()) w_.key("where").value(s.where);
    w_.close('}');
  }

  void rule(const RuleInfo& r) {
    w_.key("gradients").value(int64_t{r.gradients});
    w_.key("edges").open('[');
    for (const RuleInfo::Edge& e : r.edges) {
      w_.open('[');
      if (e.present) {
        w_.value(std::string(name_of(e.dtype)));
        w_.list(Dims(e.shape));
        w_.value(e.needed);
        w_.value(int64_t{e.into});
      }
      w_.close(']');
    }
    w_.close(']');
  }

  const Program& p_;
  const std::vector<std::string>& names_;
  std::vector<Extent> spans_;  // by storage, of its values
  std::vector<bool> made_;     // by storage: a step makes it
  FileContents contents_;
  Writer w_;
  int checks_ = 0;
};

}  // namespace

FileContents to_file(const Program& p, const std::vector<std::string>& names) {
  FileContents contents = Saving(p, names).run();
  // What could not be loaded again is said now.
  std::vector<std::string> again;
  from_file(contents.tensors, contents.program, again);
  return contents;
}

}  // namespace tape

void Tape::save(const std::string& path, const std::vector<std::string>& names,
                const std::map<std::string, std::string>& metadata) const {
  const std::vector<std::string>& own = names.empty() ? player_->names : names;
  tape::FileContents contents = tape::to_file(player_->program(), own);
  io::Metadata all = metadata;
  all[tape::kMetadataKey] = std::move(contents.program);
  io::save(path, contents.tensors, all);
}

WENGERT_NAMESPACE_END
